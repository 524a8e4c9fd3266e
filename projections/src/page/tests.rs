use super::*;

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
    Sort { name: "name", by: "lower(name)", of: SortOf::Text },
    Sort { name: "priority", by: "priority", of: SortOf::Number },
];

fn order(sort: Option<&str>, cursor: Option<String>) -> Result<Order, AppError> {
    let request = PageRequest { sort: sort.map(str::to_owned), cursor, ..PageRequest::default() };
    Order::parse(&request, SORTS)
}

fn refused<T>(result: &Result<T, AppError>) -> &'static str {
    match result {
        Err(AppError::Invalid(field, _, _)) => field,
        Err(_) | Ok(_) => "not refused",
    }
}

#[test]
fn a_cursor_comes_back_as_it_was() {
    let id = Uuid::from_u128(9);
    let marks = [
        ("created_at", Mark::Time("2026-01-02T03:04:05.678901Z".parse().unwrap())),
        ("-created_at", Mark::Time("1969-12-31T23:59:59.5Z".parse().unwrap())),
        ("name", Mark::Text("a|b|ümlaut \" %".to_owned())),
        ("-name", Mark::Text(String::new())),
        ("priority", Mark::Number(-3)),
    ];
    for (sort, mark) in marks {
        let cursor = order(Some(sort), None).ok().unwrap().encode(&mark, id);
        assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        let read = order(Some(sort), Some(cursor)).ok().unwrap();
        assert_eq!(read.after, Some((mark, id)));
    }
}

#[test]
fn a_cursor_belongs_to_its_sort_and_direction() {
    let mark = Mark::Time(DateTime::UNIX_EPOCH);
    let cursor = order(None, None).ok().unwrap().encode(&mark, Uuid::nil());
    assert!(order(Some("-created_at"), Some(cursor.clone())).is_ok());
    for other in ["created_at", "name", "-name", "priority"] {
        assert_eq!(refused(&order(Some(other), Some(cursor.clone()))), "/cursor");
    }
}

#[test]
fn what_is_no_cursor_is_refused() {
    let forged = |text: &str| Some(URL_SAFE_NO_PAD.encode(text));
    let id = Uuid::nil().simple();
    let texts = [
        Some(String::new()),
        Some("!".to_owned()),
        forged("-created_at"),
        forged("-created_at|x|1"),
        forged(&format!("-created_at|{id}|not a number")),
        forged(&format!("-created_at|{id}|99999999999999999999")),
        forged(&format!("-created_at|{id}|{}", i64::MAX)),
    ];
    for cursor in texts {
        assert_eq!(refused(&order(None, cursor)), "/cursor");
    }
    assert_eq!(refused(&order(Some("name"), forged(&format!("+name|{id}|\0")))), "/cursor");
}

#[test]
fn only_the_lists_own_sorts_and_sensible_limits_are_taken() {
    for sort in ["", "-", "secret", "created_at; drop table agents", "--name"] {
        assert_eq!(refused(&order(Some(sort), None)), "/sort");
    }
    for limit in [i64::MIN, -1, 0, 201] {
        let request = PageRequest { limit, ..PageRequest::default() };
        assert_eq!(refused(&Order::parse(&request, SORTS)), "/limit");
    }
}

#[test]
fn wildcards_in_a_search_are_letters() {
    assert_eq!(containing(r"50%_of\x"), r"%50\%\_of\\x%");
}
