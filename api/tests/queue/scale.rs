//! How much of its full size a test is run at.

use std::sync::LazyLock;

/// In percent; by default so little that all of it is over within a minute.
static PERCENT: LazyLock<usize> = LazyLock::new(|| {
    std::env::var("AGENTCORES_TEST_SCALE").map_or(4, |scale| scale.parse().expect("a number of percent"))
});

/// That share of a number, at least one.
pub(crate) fn scaled(full: usize) -> usize {
    (full * *PERCENT / 100).max(1)
}
