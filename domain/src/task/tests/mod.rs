//! Given events, when a command, then events or a refusal.

mod life;
mod samples;
mod steps;
