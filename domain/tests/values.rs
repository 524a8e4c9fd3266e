//! What a value takes and refuses at the edge, by example and by property.

use std::fmt::Debug;
use std::str::FromStr;

use domain::agent::AgentKind;
use domain::document::{Document, DocumentError};
use domain::task::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use domain::tenant::Subdomain;
use domain::text::{Capabilities, Description, FullName, Name, Reason, TextError};
use domain::{
    Actor, AgentId, AggregateType, Email, MicroUsd, Permission, Permissions, Personal, Role, Tier,
    TokenCount, Usage, UserId,
};
use proptest::prelude::*;
use uuid::Uuid;

const MALFORMED: &str = "malformed";
const CONTROL: &str = "control_character";

fn accepted<T: FromStr<Err: Debug> + Into<String>>(text: &str) -> String {
    text.parse::<T>().unwrap_or_else(|refusal| panic!("{text:?}: {refusal:?}")).into()
}

/// The stable code that the message starts with.
fn refused<T: FromStr<Err = TextError> + Debug>(text: &str) -> String {
    code(&text.parse::<T>().expect_err(text))
}

fn code(refusal: &impl ToString) -> String {
    let text = refusal.to_string();
    text.split(':').next().unwrap_or_default().to_owned()
}

#[test]
fn a_text_is_trimmed_and_otherwise_kept() {
    assert_eq!(accepted::<Name>("  Müller & 李 🦀\u{a0}\n"), "Müller & 李 🦀");
    assert_eq!(accepted::<FullName>("O'Neil  "), "O'Neil");
    assert_eq!(accepted::<Description>("two\r\n\tlines\n"), "two\r\n\tlines");
    assert_eq!(accepted::<Description>(" "), "");
    assert_eq!(accepted::<Reason>(""), "");
}

#[test]
fn a_text_is_measured_in_characters() {
    for (one, border) in [("x", 120), ("🦀", 120)] {
        accepted::<Name>(&one.repeat(border));
        assert_eq!(refused::<Name>(&one.repeat(border + 1)), "too_long");
    }
    accepted::<Description>(&"ä".repeat(4_000));
    assert_eq!(refused::<Description>(&"ä".repeat(4_001)), "too_long");
    accepted::<Reason>(&"ä".repeat(2_000));
    assert_eq!(refused::<Reason>(&"ä".repeat(2_001)), "too_long");
}

#[test]
fn a_name_is_not_blank() {
    for blank in ["", " ", "\t\n", "\u{2003}"] {
        assert_eq!(refused::<Name>(blank), "blank");
        assert_eq!(refused::<FullName>(blank), "blank");
    }
}

#[test]
fn control_characters_are_refused() {
    for text in ["a\0b", "\0", "a\u{7}b", "a\u{7f}b", "a\u{85}b"] {
        assert_eq!(refused::<Name>(text), CONTROL, "{text:?}");
        assert_eq!(refused::<Description>(text), CONTROL, "{text:?}");
    }
    assert_eq!(refused::<Name>("two\nlines"), CONTROL);
    assert_eq!(refused::<Name>("a\tb"), CONTROL);
}

#[test]
fn a_foreign_message_is_kept_as_a_reason_as_far_as_it_goes() {
    assert_eq!(Reason::from_lossy(" a\0b\nc ").as_str(), "a b c");
    let long = Reason::from_lossy(&"ä".repeat(3_000));
    assert_eq!(long.as_str().chars().count(), 2_000);
}

#[test]
fn an_address_has_one_spelling() {
    for (text, canonical) in [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("a+tag.b@x-y.co.uk", "a+tag.b@x-y.co.uk"),
        ("用户@例子.广告", "用户@例子.广告"),
        ("a@b.c", "a@b.c"),
    ] {
        assert_eq!(accepted::<Email>(text), canonical);
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "ada",
        "@example.org",
        "ada@",
        "ada@example",
        "a b@example.org",
        "a@b@example.org",
        ".a@example.org",
        "a.@example.org",
        "a@.example.org",
        "a@example..org",
        "a@example.org.",
        "a@-example.org",
        "a@example-.org",
        "a@exa_mple.org",
        "<a@example.org>",
        "\"a\"@example.org",
        "a,b@example.org",
    ] {
        assert_eq!(refused::<Email>(text), MALFORMED, "{text}");
    }
    assert_eq!(refused::<Email>("a\0@example.org"), CONTROL);
    assert_eq!(refused::<Email>("a@"), "too_short");
}

#[test]
fn an_address_is_bounded_as_a_whole_and_in_its_parts() {
    accepted::<Email>(&format!("{}@example.org", "a".repeat(64)));
    assert_eq!(refused::<Email>(&format!("{}@example.org", "a".repeat(65))), MALFORMED);
    accepted::<Email>(&format!("a@{}.org", "b".repeat(63)));
    assert_eq!(refused::<Email>(&format!("a@{}.org", "b".repeat(64))), MALFORMED);
    let host = format!("{}{}", format!("{}.", "b".repeat(62)).repeat(3), "c".repeat(63));
    accepted::<Email>(&format!("a@{host}"));
    assert_eq!(refused::<Email>(&format!("aa@{host}")), "too_long");
}

#[test]
fn an_address_that_grows_in_lower_case_is_measured_in_lower_case() {
    // U+0130 is one character, and two in lower case.
    let text = format!("{}@{}org", "\u{130}".repeat(20), "abcd.".repeat(46));
    assert_eq!(text.chars().count(), 254);
    assert_eq!(refused::<Email>(&text), "too_long");
}

#[test]
fn a_subdomain_is_a_dns_label_in_lower_case() {
    for (text, stored) in [("Acme", "acme"), ("a-1", "a-1"), ("123", "123"), (" acme ", "acme")] {
        assert_eq!(accepted::<Subdomain>(text), stored);
    }
    accepted::<Subdomain>(&"a".repeat(63));
    assert_eq!(refused::<Subdomain>(&"a".repeat(64)), "too_long");
    assert_eq!(refused::<Subdomain>("ab"), "too_short");
    assert_eq!(refused::<Subdomain>(""), "blank");
    for text in ["-ab", "ab-", "a_b", "a.b", "a b", "äcme", "\u{212a}elvin"] {
        assert_eq!(refused::<Subdomain>(text), MALFORMED, "{text}");
    }
}

#[test]
fn a_subdomain_is_no_reserved_word_in_any_case() {
    for text in ["www", "API", "Admin", " login "] {
        let refusal = text.parse::<Subdomain>().expect_err(text);
        assert_eq!(refusal, TextError::Malformed("is a reserved word"));
    }
    accepted::<Subdomain>("admins");
}

#[test]
fn an_agent_kind_is_well_known_or_a_provider_with_its_model() {
    for text in [
        "gpt-4",
        "claude",
        "custom",
        "echo",
        "scripted",
        "openai/gpt-4o",
        "ollama/llama3:8b",
        "a/b/c",
        "Azure/X_1.0",
    ] {
        assert_eq!(accepted::<AgentKind>(text), text);
    }
    for text in ["gpt-5", "Echo", "/model", "provider/", "/", "a/b c", "a/é", "a b/c"] {
        assert_eq!(refused::<AgentKind>(text), MALFORMED, "{text}");
    }
    accepted::<AgentKind>(&format!("a/{}", "b".repeat(118)));
    assert_eq!(refused::<AgentKind>(&format!("a/{}", "b".repeat(119))), "too_long");
}

#[test]
fn capabilities_named_twice_count_once_in_order_of_first_mention() {
    let names =
        |texts: &[&str]| -> Vec<Name> { texts.iter().map(|text| text.parse().expect("a name")).collect() };
    let capabilities = Capabilities::try_from(names(&["search", "mail", "search ", "Search"])).expect("few");
    assert_eq!(capabilities.as_slice(), names(&["search", "mail", "Search"]));
    let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(Capabilities::try_from(names(&many[..50])).expect("fifty").as_slice().len(), 50);
    assert_eq!(
        Capabilities::try_from(names(&many)).map_err(|refusal| code(&refusal)),
        Err(MALFORMED.to_owned())
    );
}

#[test]
fn a_document_is_kept_as_it_was_sent() {
    for text in [
        "{}",
        r#"{ "b": 1.10, "a": 1e400, "b": 12345678901234567890123 }"#,
        r#"{"quote":"\"{[","backslash":"\\","path":"C:\\"}"#,
        r#"{"spelt out":"\\u0000"}"#,
        r#"{"surrogates":"\ud83e\udd80"}"#,
        "{\"crab\":\"🦀\"}",
    ] {
        let document = Document::parse(text).expect(text);
        assert_eq!(document.as_str(), text);
    }
    assert_eq!(Document::parse("\n {} \t").expect("trimmed"), Document::default());
}

#[test]
fn what_is_no_object_is_no_document() {
    for text in [
        "",
        "null",
        "[]",
        "1",
        "\"{}\"",
        "{",
        "}",
        "{}{}",
        "{} x",
        "{'a':1}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":\"\u{1}\"}",
        r#"{"a":"\x"}"#,
        r#"{"a":"\"}"#,
        "{a:1}",
        "{\"a\":NaN}",
        "{\"a\":01}",
    ] {
        assert_eq!(Document::parse(text), Err(DocumentError::NotAnObject), "{text}");
    }
}

#[test]
fn a_document_holds_no_nul_however_it_is_spelt() {
    for text in ["{\"a\":\"\0\"}", "\0{}", r#"{"a":"\u0000"}"#, r#"{"\u0000":1}"#, r#"{"a":"\\\u0000"}"#] {
        assert_eq!(Document::parse(text), Err(DocumentError::Nul), "{text:?}");
    }
}

#[test]
fn a_document_nests_at_most_32_levels() {
    let nested = |levels: usize| {
        let inner = levels - 1;
        format!("{{\"a\":{}{}}}", "[".repeat(inner), "]".repeat(inner))
    };
    assert!(Document::parse(&nested(32)).is_ok());
    assert_eq!(Document::parse(&nested(33)), Err(DocumentError::TooDeep(32)));
    assert_eq!(Document::parse(&"{\"a\":".repeat(50_000)), Err(DocumentError::TooDeep(32)));
    let wide = format!("{{\"a\":[{}[]],\"brackets\":\"{}\"}}", "[],".repeat(100), "[".repeat(100));
    assert!(Document::parse(&wide).is_ok());
}

#[test]
fn a_document_has_at_most_256_kib() {
    let sized = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    assert!(Document::parse(&sized(256 * 1024)).is_ok());
    let refusal = Document::parse(&sized(256 * 1024 + 1)).expect_err("one byte more");
    assert_eq!(code(&refusal), "too_long");
}

#[test]
fn numbers_are_taken_within_their_bounds_only() {
    fn check<T>(least: i64, most: i64, default: i64)
    where
        T: TryFrom<i64, Error = &'static str> + Into<i64> + Default + Debug + PartialEq,
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        for number in [least, most] {
            let value = T::try_from(number).expect("within bounds");
            let json = serde_json::to_string(&value).expect("a number");
            assert_eq!(json, number.to_string());
            assert_eq!(serde_json::from_str::<T>(&json).ok(), Some(value));
        }
        for number in [i64::MIN, -1, least - 1, most + 1, i64::from(u32::MAX) + 2, i64::MAX] {
            let refusal = T::try_from(number).expect_err("out of bounds");
            assert_eq!(refusal, format!("out_of_range: must be {least} to {most}"));
        }
        for json in ["1.0", "1.5", "\"1\"", "null", "true"] {
            assert!(serde_json::from_str::<T>(json).is_err(), "{json}");
        }
        assert_eq!(T::default().into(), default);
    }
    check::<Priority>(1, 5, 3);
    check::<TimeoutSeconds>(1, 86_400, 300);
    check::<MaxAttempts>(1, 10, 3);
}

#[test]
fn sums_of_usage_stay_exact_in_json() {
    let most = (1_u64 << 53) - 1;
    assert_eq!(TokenCount::from(u64::MAX).get(), most);
    let half = Usage {
        input_tokens: TokenCount::from(most),
        output_tokens: TokenCount::from(1),
        cost_micro_usd: MicroUsd::from(1_200),
    };
    let sum = half.plus(half);
    assert_eq!((sum.input_tokens.get(), sum.output_tokens.get()), (most, 2));
    assert_eq!(sum.cost_micro_usd.to_decimal(), "0.002400");
    assert_eq!(MicroUsd::from(12_345_678).to_decimal(), "12.345678");
    assert!(serde_json::from_str::<TokenCount>("-1").is_err());
    assert!(serde_json::from_str::<TokenCount>("0.5").is_err());
}

#[test]
fn every_actor_is_found_again_by_what_is_stored() {
    let id = Uuid::from_u128(1);
    for actor in [
        Actor::User(UserId(id)),
        Actor::ApiKey(id),
        Actor::Agent(AgentId(id)),
        Actor::System("worker".to_owned()),
        Actor::Anonymous,
    ] {
        let reference = actor.reference();
        assert_eq!(Actor::find(actor.kind(), reference.as_deref()), Some(actor));
    }
    for (kind, reference) in [("user", None), ("user", Some("x")), ("system", None), ("robot", None)] {
        assert_eq!(Actor::find(kind, reference), None);
    }
}

#[test]
fn every_word_of_the_log_is_found_again() {
    for tier in Tier::ALL {
        assert_eq!(Tier::find(tier.as_str()), Some(tier));
        same_in_json(&tier, tier.as_str());
    }
    for role in Role::ALL {
        assert_eq!(Role::find(role.as_str()), Some(role));
        same_in_json(&role, role.as_str());
    }
    for kind in AggregateType::ALL {
        assert_eq!(AggregateType::find(kind.as_str()), Some(kind));
        same_in_json(&kind, kind.as_str());
    }
    for kind in TaskKind::ALL {
        same_in_json(&kind, kind.as_str());
    }
    assert_eq!((Tier::find("gold"), Role::find("Owner")), (None, None));
}

fn same_in_json(value: &impl serde::Serialize, text: &str) {
    let json = serde_json::to_string(value).expect("a word");
    assert_eq!(json, format!("\"{text}\""));
}

#[test]
fn a_set_of_permissions_holds_what_it_was_made_of() {
    for permission in Permission::ALL {
        assert_eq!(Permission::find(permission.as_str()), Some(permission));
        let one = Permissions::from_iter([permission]);
        assert!(Permission::ALL.into_iter().all(|other| one.contains(other) == (other == permission)));
    }
    let all = Permissions::from_iter(Permission::ALL);
    assert!(all.iter().eq(Permission::ALL));
    assert_eq!(Permissions::default().iter().count(), 0);
    assert_eq!(Permission::find("Read_Tenant"), None);
}

#[test]
fn personal_data_says_whose_it_is_in_every_form() {
    let id = Uuid::from_u128(1);
    let open = Personal::new(id, "Ada".parse::<FullName>().expect("a name"));
    let json = serde_json::to_string(&open).expect("json");
    assert_eq!(json, format!(r#"{{"subject":"{id}","personal":"Ada"}}"#));
    for (form, value) in
        [(r#""personal":"Ada""#, Some("Ada")), (r#""sealed":"AAAA""#, None), (r#""erased":true"#, None)]
    {
        let json = format!(r#"{{"subject":"{id}",{form}}}"#);
        let personal: Personal<FullName> = serde_json::from_str(&json).expect(form);
        assert_eq!(personal.subject, id);
        assert_eq!(personal.value().map(FullName::as_str), value);
        assert_eq!(serde_json::to_string(&personal).expect("json"), json);
    }
    for json in ["{}", r#"{"personal":"Ada"}"#, r#"{"subject":"x","personal":"Ada"}"#] {
        assert!(serde_json::from_str::<Personal<FullName>>(json).is_err(), "{json}");
    }
    let nobody = format!(r#"{{"subject":"{id}"}}"#);
    assert!(serde_json::from_str::<Personal<FullName>>(&nobody).is_err());
}

/// What was once accepted is read from the log again, and as the same.
fn read_again<T>(text: &str) -> Result<(), TestCaseError>
where
    T: FromStr + Debug + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
{
    if let Ok(value) = text.parse::<T>() {
        let json = serde_json::to_string(&value).expect("a string");
        let read = serde_json::from_str::<T>(&json).map_err(|refusal| refusal.to_string());
        prop_assert_eq!(read, Ok(value));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_accepted_text_is_accepted_as_stored(
        text in any::<String>(),
        local in "[A-Za-z0-9.İẞΣǅ]{1,64}",
        host in "([a-zA-ZÄİ0-9-]{1,9}\\.){1,20}[a-z]{2}",
    ) {
        read_again::<Name>(&text)?;
        read_again::<FullName>(&text)?;
        read_again::<Description>(&text)?;
        read_again::<Reason>(&text)?;
        read_again::<AgentKind>(&text)?;
        read_again::<Subdomain>(&local)?;
        read_again::<Email>(&format!("{local}@{host}"))?;
        let lossy = Reason::from_lossy(&text);
        prop_assert_eq!(lossy.as_str().parse::<Reason>().ok(), Some(lossy));
    }

    #[test]
    fn any_text_is_a_document_or_refused(text in "[{}\\[\\]\",:\\\\u01 a]{0,40}") {
        if let Ok(document) = Document::parse(&text) {
            prop_assert_eq!(Document::parse(document.as_str()).ok(), Some(document.clone()));
            let json = serde_json::to_string(&document).expect("a string");
            prop_assert_eq!(serde_json::from_str::<Document>(&json).ok(), Some(document));
        }
    }
}
