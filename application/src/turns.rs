use std::sync::Arc;

use futures::lock::{Mutex, MutexGuard};

const STRIPES: usize = 64;

/// Turns to take where requests would otherwise wait for each other in the database, each with a connection in hand.
/// Who takes one under the same key waits here instead; now and then so do others whose keys fall together.
#[derive(Clone, Debug)]
pub struct Turns(Arc<[Mutex<()>; STRIPES]>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(std::array::from_fn(|_| Mutex::new(()))))
    }
}

impl Turns {
    /// Waits for the turn of a digest, which lasts as long as the guard is held.
    pub(crate) async fn take(&self, key: &[u8; 32]) -> MutexGuard<'_, ()> {
        self.0[usize::from(key[0]) % STRIPES].lock().await
    }
}
