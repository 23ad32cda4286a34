//! The rules of the grants, as functions of what is stored and what is asked: a row for each.

mod judge;
mod sign_in;
