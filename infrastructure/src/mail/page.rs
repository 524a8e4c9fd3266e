//! How a mail looks. Styles are inline and few, for programs that know no others; colours hold in light and dark.

use super::letters::Draft;

pub(super) fn text(draft: &Draft) -> String {
    let mut parts = vec![draft.title.clone()];
    parts.extend(draft.paragraphs.iter().cloned());
    parts.extend(draft.action.iter().map(|(label, link)| format!("{label}:\n{link}")));
    parts.push(format!("-- \n{}", draft.footer));
    parts.join("\n\n") + "\n"
}

pub(super) fn html(draft: &Draft) -> String {
    let paragraphs: String = draft
        .paragraphs
        .iter()
        .map(|text| ["<p style=\"margin:0 0 16px\">", &escaped(text), "</p>\n"].concat())
        .collect::<Vec<_>>()
        .concat();
    let action = draft.action.as_ref().map_or_else(String::new, |(label, link)| {
        let (label, link) = (escaped(label), escaped(link));
        format!(
            "<p style=\"margin:24px 0\"><a href=\"{link}\" style=\"background:#4f46e5;color:#ffffff;\
             text-decoration:none;font-weight:600;padding:12px 20px;border-radius:8px;display:inline-block\">\
             {label}</a></p>\n\
             <p style=\"margin:0 0 16px;font-size:13px;color:#6b7280\">Or open this address:<br>\
             <a href=\"{link}\" style=\"color:#6366f1;word-break:break-all\">{link}</a></p>\n"
        )
    });
    let (title, footer) = (escaped(&draft.title), escaped(&draft.footer));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <title>{title}</title>\n\
         <style>@media (prefers-color-scheme: dark) {{\n\
         .page {{ background: #0f1117 !important; }}\n\
         .card {{ background: #181b24 !important; border-color: #2a2e3b !important; color: #e5e7eb !important; }}\n\
         }}</style>\n</head>\n\
         <body class=\"page\" style=\"margin:0;padding:32px 16px;background:#f4f5f8\">\n\
         <div class=\"card\" style=\"max-width:520px;margin:0 auto;padding:32px;background:#ffffff;color:#1f2430;\
         border:1px solid #e3e5ec;border-radius:12px;\
         font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif\">\n\
         <p style=\"margin:0 0 24px;font-weight:700;color:#6366f1\">AgentCores</p>\n\
         <h1 style=\"margin:0 0 16px;font-size:22px;line-height:1.3\">{title}</h1>\n\
         {paragraphs}{action}\
         <p style=\"margin:24px 0 0;font-size:13px;color:#6b7280\">{footer}</p>\n\
         </div>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
