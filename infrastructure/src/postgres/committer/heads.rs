//! The heads that a writer committed last, to build on without asking for them.

use std::collections::HashMap;

use domain::TenantId;

use super::super::feed::LogHead;
use super::prepare::Prepared;

/// The most tenants that a writer remembers: some ten megabytes.
const MOST: usize = 50_000;

/// In how many batches in a row a head must be found as it was left before it is believed again.
const PROBATION: u8 = 16;

/// What a writer remembers of heads. It may be wrong: another process may have moved one. So whatever is decided on it
/// is written only where the head still stands there, and nobody is refused for what it says.
#[derive(Default)]
pub(super) struct KnownHeads {
    heads: HashMap<TenantId, Known>,
}

struct Known {
    head: LogHead,
    /// How many batches must find it as it was left before it is believed: not 0 where another process moved it.
    doubt: u8,
}

impl KnownHeads {
    /// The heads that the commands build on, if all of them are believed to be known. A command that was tried before
    /// needs the locks to learn what became of it.
    pub(super) fn of(&self, jobs: &[&mut Prepared]) -> Option<HashMap<TenantId, LogHead>> {
        self.believed(jobs.iter().map(|job| job.commit.tenant))
            .filter(|_| jobs.iter().all(|job| job.tried.is_none()))
    }

    fn believed(&self, tenants: impl Iterator<Item = TenantId>) -> Option<HashMap<TenantId, LogHead>> {
        tenants
            .map(|tenant| {
                let known = self.heads.get(&tenant).filter(|known| known.doubt == 0)?;
                Some((tenant, known.head))
            })
            .collect()
    }

    /// Takes in how heads were found under their locks.
    pub(super) fn look_at(&mut self, found: &HashMap<TenantId, LogHead>) {
        for (tenant, head) in found {
            if let Some(known) = self.heads.get_mut(tenant) {
                let is_as_left = known.head.position == head.position;
                known.doubt = if is_as_left { known.doubt.saturating_sub(1) } else { PROBATION };
            }
        }
    }

    /// Takes in where a commit left a head.
    pub(super) fn committed(&mut self, tenant: TenantId, head: LogHead) {
        if self.heads.len() >= MOST && !self.heads.contains_key(&tenant) {
            self.heads.clear();
        }
        self.heads.entry(tenant).and_modify(|known| known.head = head).or_insert(Known { head, doubt: 0 });
    }

    /// One of these was not where it was believed to be. Which one, their locks will show; all must be asked for.
    pub(super) fn mistaken(&mut self, believed: &HashMap<TenantId, LogHead>) {
        for tenant in believed.keys() {
            if let Some(known) = self.heads.get_mut(tenant) {
                known.doubt = known.doubt.max(1);
            }
        }
    }

    /// Whether a commit took effect is not known.
    pub(super) fn forget(&mut self) {
        self.heads.clear();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ONE: TenantId = TenantId(Uuid::from_u128(1));
    const TWO: TenantId = TenantId(Uuid::from_u128(2));

    fn at(position: i64) -> LogHead {
        LogHead { position, ..LogHead::default() }
    }

    fn position(known: &KnownHeads, tenant: TenantId) -> Option<i64> {
        known.believed([tenant].into_iter()).map(|heads| heads[&tenant].position)
    }

    #[test]
    fn heads_are_known_together_or_not_at_all() {
        let mut known = KnownHeads::default();
        known.committed(ONE, at(3));
        assert_eq!(position(&known, ONE), Some(3));
        assert!(known.believed([ONE, TWO].into_iter()).is_none());
        known.committed(TWO, at(1));
        known.committed(ONE, at(4));
        let both = known.believed([ONE, TWO, ONE].into_iter()).unwrap();
        assert_eq!((both[&ONE].position, both[&TWO].position), (4, 1));
        known.forget();
        assert_eq!(position(&known, ONE), None);
    }

    #[test]
    fn a_head_that_another_process_moves_is_asked_for_until_it_stands_still() {
        let mut known = KnownHeads::default();
        known.committed(ONE, at(3));
        known.mistaken(&HashMap::from([(ONE, at(3))]));
        assert_eq!(position(&known, ONE), None);
        known.look_at(&HashMap::from([(ONE, at(5))]));
        known.committed(ONE, at(6));
        for _ in 0..PROBATION {
            assert_eq!(position(&known, ONE), None);
            known.look_at(&HashMap::from([(ONE, at(6))]));
        }
        assert_eq!(position(&known, ONE), Some(6));
    }

    #[test]
    fn who_was_only_in_the_same_batch_is_believed_at_once_again() {
        let mut known = KnownHeads::default();
        known.committed(ONE, at(3));
        known.committed(TWO, at(7));
        known.mistaken(&HashMap::from([(ONE, at(3)), (TWO, at(7))]));
        known.look_at(&HashMap::from([(ONE, at(5)), (TWO, at(7))]));
        assert_eq!(position(&known, ONE), None);
        assert_eq!(position(&known, TWO), Some(7));
    }
}
