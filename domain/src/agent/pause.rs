use serde::{Deserialize, Serialize};

/// What becomes of the running tasks of an agent that is paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseMode {
    /// They come to their own end.
    #[default]
    Drain,
    /// They are cancelled.
    Cancel,
}

impl PauseMode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::Drain, Self::Cancel];

    /// The text stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Cancel => "cancel",
        }
    }

    /// For serde: drain is what an event without a mode means.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub(super) fn is_drain(&self) -> bool {
        *self == Self::Drain
    }
}
