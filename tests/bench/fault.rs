//! Why the bench stops: the server answered wrongly, or nothing could be measured.

pub type Result<T> = std::result::Result<T, Fault>;

#[derive(Debug)]
pub enum Fault {
    WrongAnswer(String),
    Unable(String),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Unable(error.to_string())
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::WrongAnswer(format!("not the JSON that was expected: {error}"))
    }
}
