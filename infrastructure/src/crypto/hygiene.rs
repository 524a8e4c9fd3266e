//! Secrets have types that cannot be printed or written by mistake.

use secrecy::SecretString;

use super::{DerivedApiKeys, KeyRing, SealingKey, Secrets, SignedTokens};

/// Does not compile if the type has the trait: then there are two ways to read `Probe`, and none is the right one.
macro_rules! assert_has_not {
    ($trait:path: $($type:ty),+ $(,)?) => {
        const _: () = {
            trait Probe<A> {
                const THERE: () = ();
            }
            struct Has;
            impl<T: ?Sized> Probe<()> for T {}
            impl<T: ?Sized + $trait> Probe<Has> for T {}
            $(let () = <$type as Probe<_>>::THERE;)+
        };
    };
}

assert_has_not!(serde::Serialize: SecretString, SealingKey, KeyRing, Secrets, DerivedApiKeys, SignedTokens);
assert_has_not!(std::fmt::Display: SecretString, SealingKey, KeyRing, Secrets, DerivedApiKeys, SignedTokens);
assert_has_not!(std::fmt::Debug: DerivedApiKeys, SignedTokens);

#[test]
fn what_can_be_printed_of_a_secret_says_nothing() {
    let secret = "0123456789abcdef0123456789abcdef";
    let secrets = Secrets::try_new(secret.to_owned().into(), "1".repeat(32).into()).unwrap();
    let ring = secrets.key_ring(super::Purpose::TenantKeys);
    let printed = format!("{secrets:?} {:?} {ring:?}", SecretString::from(secret.to_owned()));
    assert!(!printed.contains("0123") && !printed.contains("1111"), "{printed}");
    assert!(printed.contains("key: SealingKey(…)"), "{printed}");
}
