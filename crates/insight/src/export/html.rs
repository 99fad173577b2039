//! One HTML file that needs no network and no script: light and dark, printable.

use std::io::Write;

use super::{Cover, ExportError, Table};

const STYLE: &str = "
:root { color-scheme: light dark; --line: #ccc; --faint: #666; --head: #f2f2f2 }
@media (prefers-color-scheme: dark) { :root { --line: #444; --faint: #aaa; --head: #222 } }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
nav a { margin-right: 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere }
thead th { background: var(--head); position: sticky; top: 0 }
.cover th { width: 16rem; color: var(--faint); font-weight: normal }
@media print { body { margin: 0; font-size: 10px } nav { display: none } thead th { position: static }
  h2 { break-before: page } tr { break-inside: avoid } }
";

/// Writes the report.
///
/// # Errors
/// [`ExportError::Io`].
pub fn write_html(cover: &Cover, tables: Vec<Table<'_>>, mut out: impl Write) -> Result<u64, ExportError> {
    let title = "Who can assume which AWS role through Okta";
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<nav>"
    )?;
    for table in &tables {
        write!(out, "<a href=\"#{0}\">{0}</a>", escaped(&table.name))?;
    }
    write!(out, "</nav>\n<table class=\"cover\"><caption hidden>Cover</caption><tbody>\n")?;
    for (label, value) in &cover.lines {
        writeln!(out, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(label), escaped(value))?;
    }
    writeln!(out, "</tbody></table>")?;
    let mut rows = 0;
    for table in tables {
        let name = escaped(&table.name);
        write!(out, "<h2 id=\"{name}\">{name}</h2>\n<table><thead><tr>")?;
        for column in &table.columns {
            write!(out, "<th scope=\"col\">{}</th>", escaped(&column.replace('_', " ")))?;
        }
        writeln!(out, "</tr></thead><tbody>")?;
        for row in table.rows {
            rows += 1;
            write!(out, "<tr>")?;
            for value in &row {
                write!(out, "<td>{}</td>", escaped(&value.plain()))?;
            }
            writeln!(out, "</tr>")?;
        }
        writeln!(out, "</tbody></table>")?;
    }
    writeln!(out, "</body>\n</html>")?;
    out.flush()?;
    Ok(rows)
}

/// Text that is nothing but text, and whose invisible characters show.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() || is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
