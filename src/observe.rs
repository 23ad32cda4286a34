//! What is observed: log lines, counters, and the id that ties the lines of one request together.

mod counters;
pub mod log;
mod process;
mod request_id;
mod requests;

pub use counters::{CONTENT_TYPE, Counters, KeyAge, OpenConnection};
pub use request_id::RequestId;
pub use requests::Requests;
