//! `/api/v1/users/me`: one's own account.

mod address;
mod changing;
mod sessions;
