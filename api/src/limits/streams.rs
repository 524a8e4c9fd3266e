use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::TenantId;

/// How many streams are open, on this node.
pub(super) struct Streams {
    most: u32,
    open: Mutex<HashMap<TenantId, u32>>,
}

/// A stream that is open; dropped, it is not.
pub(crate) struct OpenStream {
    among: Arc<Streams>,
    tenant: TenantId,
}

impl Streams {
    /// At most so many of each organisation.
    pub(super) fn new(most: u32) -> Self {
        Self { most, open: Mutex::default() }
    }

    /// One more of an organisation's; nothing if it has as many as it may.
    pub(super) fn open(self: &Arc<Self>, tenant: TenantId) -> Option<OpenStream> {
        let mut open = self.counts();
        let count = open.entry(tenant).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(OpenStream { among: self.clone(), tenant })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<TenantId, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = self.among.counts();
        if let Some(count) = open.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_organisation_has_so_many_open_at_once_and_nothing_is_kept_of_those_that_ended() {
        let streams = Arc::new(Streams::new(2));
        let [one, other] = [1, 2].map(|id| TenantId(Uuid::from_u128(id)));
        let open = [streams.open(one), streams.open(one)];
        assert!(open.iter().all(Option::is_some) && streams.open(one).is_none());
        let of_other = streams.open(other);
        assert!(of_other.is_some());
        drop(open);
        assert!(streams.open(one).is_some());
        assert_eq!(streams.counts().keys().collect::<Vec<_>>(), [&other]);
    }
}
