use proptest::prelude::*;

use super::number::Arithmetic;
use super::parser::{CalculatorError, evaluate};

fn result(expression: &str) -> String {
    evaluate(expression).map_or_else(|error| error.to_string(), |value| value.shown().result)
}

#[test]
fn arithmetic_is_exact() {
    for (expression, expected) in [
        ("0.1 + 0.2", "0.3"),
        ("1.10 * 3", "3.3"),
        ("9007199254740993 + 0", "9007199254740993"),
        ("2 ^ 128", "340282366920938463463374607431768211456"),
        ("1/8", "0.125"),
        ("1/3 * 3", "1"),
        ("100 * 1.0825 ^ 10", "220.94239135461007622554440402984619140625"),
        ("-7 % 3", "-1"),
        ("7 % -3", "1"),
        ("7.5 % 2", "1.5"),
        (".5 + 5.", "5.5"),
        ("1e3 + 1E-3 - 2e+1", "980.001"),
        ("-0", "0"),
        ("-0.5 + 0.25", "-0.25"),
    ] {
        assert_eq!(result(expression), expected, "{expression}");
        assert!(evaluate(expression).unwrap().shown().exact, "{expression}");
    }
}

#[test]
fn operators_bind_as_in_mathematics() {
    for (expression, expected) in [
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("-2 ^ 2", "-4"),
        ("(-2) ^ 2", "4"),
        ("2 ^ 3 ^ 2", "512"),
        ("2 ** -2", "0.25"),
        ("10 - 4 - 3", "3"),
        ("16 / 4 / 2", "2"),
        ("2 * -3", "-6"),
        ("2 - -+-3", "-1"),
        ("6 ÷ 4 × 2 − 1", "2"),
        (" \t1+\n1 ", "2"),
    ] {
        assert_eq!(result(expression), expected, "{expression}");
    }
}

#[test]
fn functions_do_as_their_names_say() {
    for (expression, expected) in [
        ("abs(-2)", "2"),
        ("floor(-1.5)", "-2"),
        ("ceil(-1.5)", "-1"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(1.005, 2)", "1.01"),
        ("round(1234, -2)", "1200"),
        ("ROUND(10/3, 4)", "3.3333"),
        ("max(1, 3, 2)", "3"),
        ("min(1/3, 0.3)", "0.3"),
        ("sqrt(2.25)", "1.5"),
        ("sqrt(0)", "0"),
    ] {
        assert_eq!(result(expression), expected, "{expression}");
    }
}

#[test]
fn what_no_decimal_number_is_is_rounded_and_said_to_be() {
    let third = evaluate("2/3").unwrap().shown();
    assert_eq!(third.result, format!("0.{}7", "6".repeat(39)));
    assert_eq!((third.exact, third.fraction.as_deref()), (false, Some("2/3")));
    let root = evaluate("sqrt(2)").unwrap().shown();
    assert!(root.result.starts_with("1.41421356237309504880168872420969807856"), "{}", root.result);
    assert_eq!((root.exact, root.fraction), (false, None));
    assert!(result("sqrt(2) ^ 2 - 2").parse::<f64>().unwrap().abs() < 1e-38);
    assert_eq!(result("10 ^ 60 / 3").len(), 60);
    assert!(result("1 / 3 / 10 ^ 60").starts_with(&format!("0.{}3333", "0".repeat(60))));
    assert!(result("sqrt(1e-601)").starts_with(&format!("0.{}316227766", "0".repeat(300))));
}

#[test]
fn powers_of_nothing_and_one_take_any_exponent() {
    for (expression, expected) in [
        ("0 ^ 0", "1"),
        ("1 ^ 1e300", "1"),
        ("(-1) ^ (1e300 + 1)", "-1"),
        ("(-1) ^ -(1e300)", "1"),
        ("0 ^ 1e300", "0"),
        ("0 ^ -1", "division by zero"),
        ("2 ^ -1", "0.5"),
    ] {
        assert_eq!(result(expression), expected, "{expression}");
    }
}

#[test]
fn what_has_no_result_is_refused_with_the_reason() {
    use Arithmetic as A;
    for (expression, error) in [
        ("1/0", A::DivisionByZero),
        ("1 % (2 - 2)", A::DivisionByZero),
        ("2 ^ 0.5", A::FractionalExponent),
        ("sqrt(-1)", A::NegativeRoot),
        ("round(1, 0.5)", A::Places),
        ("round(1, 1001)", A::Places),
        ("9 ^ 9 ^ 9", A::TooLarge),
        ("2 ^ 5000", A::TooLarge),
        ("2 ^ -5000", A::TooLarge),
        ("1e2000", A::TooLarge),
        ("1e99999", A::TooLarge),
        ("10 ^ 1000 * 10 ^ 1000", A::TooLarge),
    ] {
        assert_eq!(evaluate(expression), Err(CalculatorError::Arithmetic(error)), "{expression}");
    }
}

#[test]
fn what_is_no_expression_is_refused_with_the_place() {
    for (expression, at) in [
        ("", 1),
        ("1 +", 4),
        ("(1", 3),
        ("1)", 2),
        ("1 2", 3),
        ("*1", 1),
        ("1e", 3),
        (".", 2),
        ("max()", 5),
        ("abs 1", 5),
    ] {
        let Err(CalculatorError::Syntax { at: place, .. }) = evaluate(expression) else {
            panic!("{expression} is one");
        };
        assert_eq!(place, at, "{expression}");
    }
    assert!(matches!(evaluate("1 + eval(1)"), Err(CalculatorError::Unknown { at: 5, .. })));
    assert!(matches!(evaluate("abs(1, 2)"), Err(CalculatorError::Arguments { at: 1, name: "abs", .. })));
}

#[test]
fn neither_length_nor_depth_can_be_driven_up() {
    assert_eq!(evaluate(&"1".repeat(1_001)), Err(CalculatorError::TooLong));
    for deep in [
        format!("{}1{}", "(".repeat(400), ")".repeat(400)),
        "-".repeat(900) + "1",
        "2^".repeat(400) + "1",
        "abs(".repeat(240),
        "(".repeat(1_000),
    ] {
        assert_eq!(evaluate(&deep), Err(CalculatorError::TooDeep), "{deep}");
    }
    assert_eq!(result(&format!("{}1{}", "(".repeat(60), ")".repeat(60))), "1");
}

#[test]
fn the_most_expensive_expressions_take_no_time() {
    let begun = std::time::Instant::now();
    for expensive in [
        "sqrt(1e-600/7)+".repeat(62) + "1",
        "(1/3)^1200*3^1200+".repeat(55) + "1",
        format!("2^2000/3^1000{}", "*(1/7)".repeat(100)),
    ] {
        evaluate(&expensive).ok();
    }
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}") {
        evaluate(&text).ok();
    }

    #[test]
    fn no_mixture_of_its_signs_makes_it_panic(
        text in "([0-9]{1,4}|[-+*/%^(),.e ]|\\*\\*|abs\\(|max\\(|round\\(|sqrt\\(|floor\\(){0,40}",
    ) {
        if let Ok(value) = evaluate(&text) {
            value.shown();
        }
    }

    #[test]
    fn whole_numbers_are_calculated_as_the_machine_does(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
        prop_assert_eq!(result(&format!("{a} + {b}")), (a + b).to_string());
        prop_assert_eq!(result(&format!("{a} - {b}")), (a - b).to_string());
        prop_assert_eq!(result(&format!("{a} * {b}")), (a * b).to_string());
        if b != 0 {
            prop_assert_eq!(result(&format!("{a} % {b}")), (a % b).to_string());
            prop_assert_eq!(result(&format!("{a} / {b} * {b}")), a.to_string());
        }
    }

    #[test]
    fn a_shown_result_has_the_value_it_shows(a in -100_000_i64..100_000, places in 0_u32..12) {
        let scaled = format!("{a} / 10 ^ {places}");
        let shown = result(&scaled);
        prop_assert_eq!(result(&format!("{shown} - ({scaled})")), "0");
    }
}
