//! What other programs rely on, call by call.

mod agents;
mod headers;
mod invitations;
mod lists;
mod pages;
mod people;
mod preconditions;
mod problems;
mod tasks;
