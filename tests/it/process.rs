//! The program itself, as an operator meets it: started, asked, told to stop, and killed.

mod audit;
mod away;
mod boot;
mod bulk;
mod clients;
mod commands;
mod database;
mod doctor;
mod ending;
mod home;
mod keys;
mod migrations;
mod nodes;
mod people;
mod program;
mod registration;
mod resources;
mod sealing;
mod secrets;
mod server;
mod settings;
mod sockets;
mod storms;

use program::Program;
use server::Server;

pub use home::Home;
pub use server::Credentials;
