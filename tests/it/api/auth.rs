//! `/api/v1/auth`: people register, sign in, stay signed in, recover and leave.

mod in_silence;
mod limits;
mod recovering;
mod registering;
mod secrecy;
mod signing_in;
mod signing_out;
