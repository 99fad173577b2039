//! Answers for people: as wide as the terminal, trees, colour only on a terminal. In a pipe lines are whole, so that
//! names can be searched and copied.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use rolebook_insight::{Answer, AtMoment, Completeness, SnapshotNote};

use crate::{
    output::{Cell, Rows, visible},
    question::words,
};

pub(crate) mod assertion;
pub(crate) mod diff;
pub(crate) mod findings;
pub(crate) mod history;
pub(crate) mod lint_filter;
pub(crate) mod what;
pub(crate) mod whatif;
pub(crate) mod who;
pub(crate) mod why;

/// The width of a terminal that does not say its own.
const USUAL_WIDTH: u16 = 80;

/// Where text goes. Colours are written always and taken out again where there is no terminal.
pub(crate) struct Page {
    out: io::BufWriter<anstream::AutoStream<io::Stdout>>,
    /// Columns of the terminal; none in a pipe, where nothing is wrapped.
    width: Option<u16>,
}

impl Page {
    pub(crate) fn stdout() -> Self {
        let size =
            || terminal_size::terminal_size().map_or(USUAL_WIDTH, |(terminal_size::Width(width), _)| width);
        let width = io::stdout().is_terminal().then(size);
        Self { out: io::BufWriter::new(anstream::AutoStream::auto(io::stdout())), width }
    }

    /// One paragraph, wrapped; further lines are indented by `indent` blanks.
    pub(crate) fn paragraph(&mut self, text: &str, indent: usize) -> io::Result<()> {
        let Some(width) = self.width else { return self.line(text) };
        let blanks = " ".repeat(indent);
        let options = options(usize::from(width), &blanks);
        for line in textwrap::wrap(text, options) {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    /// Rows under columns, indented by two blanks.
    pub(crate) fn table(&mut self, rows: &Rows) -> io::Result<()> {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        if let Some(width) = self.width {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(width.saturating_sub(2));
        } else {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
        table.set_header(rows.columns.iter().map(|column| column.to_uppercase().replace('_', " ")));
        for row in &rows.rows {
            table.add_row(row.iter().map(|cell| visible(&cell.plain(", "))));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for line in table.lines() {
            writeln!(self.out, "  {}", line.trim_end())?;
        }
        Ok(())
    }

    /// A tree whose texts are wrapped to the terminal.
    pub(crate) fn tree(&mut self, tree: &Node) -> io::Result<()> {
        write!(self.out, "{}", tree.draw(0, self.width.map(usize::from)))
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A tree to draw.
#[derive(Debug, Default)]
pub(crate) struct Node {
    text: String,
    children: Vec<Node>,
}

impl Node {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), children: Vec::new() }
    }

    pub(crate) fn push(&mut self, child: Node) {
        self.children.push(child);
    }

    fn draw(&self, depth: usize, width: Option<usize>) -> termtree::Tree<String> {
        let lines: Vec<String> = match width {
            None => self.text.lines().map(|line| line.trim_end().to_owned()).collect(),
            Some(width) => {
                let options = options(width.saturating_sub(depth * 4).max(20), "  ");
                let lines = self.text.lines().flat_map(|line| textwrap::wrap(line, &options));
                lines.map(|line| line.trim_end().to_owned()).collect()
            }
        };
        let leaves: Vec<_> = self.children.iter().map(|child| child.draw(depth + 1, width)).collect();
        termtree::Tree::new(lines.join("\n")).with_multiline(true).with_leaves(leaves)
    }
}

/// Breaks at blanks only: the hyphens of names and ARNs are part of them.
fn options(width: usize, indent: &str) -> textwrap::Options<'_> {
    textwrap::Options::new(width)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .subsequent_indent(indent)
}

/// A way to set text off.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    Good,
    Bad,
    Strong,
    Faint,
}

/// Text in a tone. The text must be clean already.
pub(crate) fn toned(tone: Tone, text: &str) -> String {
    let style = match tone {
        Tone::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Tone::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Tone::Strong => Style::new().bold(),
        Tone::Faint => Style::new().dimmed(),
    };
    format!("{style}{text}{style:#}")
}

/// As of when, from what, how complete, and what *can assume* means.
pub(crate) fn header<T>(answer: &Answer<T>, page: &mut Page) -> io::Result<()> {
    for text in answer.at.iter().flat_map(moment) {
        page.paragraph(&text, 2)?;
    }
    for note in &answer.snapshots {
        page.paragraph(&origin(note, answer), 2)?;
        if !note.coverage.complete {
            let signs = note.coverage.partial.join("; ");
            page.paragraph(&format!("{} {}", toned(Tone::Bad, "PARTIAL:"), visible(&signs)), 2)?;
        }
        if !note.coverage.not_read.is_empty() {
            let lists: Vec<&str> = note.coverage.not_read.iter().map(|not| not.list.as_str()).collect();
            page.paragraph(&format!("Not read: {}.", lists.join(", ")), 2)?;
        }
    }
    page.paragraph(&toned(Tone::Faint, &answer.meaning), 2)?;
    page.line("")
}

/// Which archived syncs hold for the moment asked for.
fn moment(at: &AtMoment) -> Vec<String> {
    let time = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let several = at.syncs.len() > 1;
    let each = at.syncs.iter().map(|sync| {
        let app = if several { format!("of app {} ", sync.app.id) } else { String::new() };
        let next = sync.next.map_or_else(
            || "there is no later one".to_owned(),
            |next| format!("the next one was sealed at {}", time(next)),
        );
        let between = match sync.events_since {
            None => "what changed in between is not known".to_owned(),
            Some(0) => "no event tells of a change in between".to_owned(),
            Some(1) => "1 event in between tells of access and is not in it".to_owned(),
            Some(several) => format!("{several} events in between tell of access and are not in it"),
        };
        format!("the last archived sync {app}before that holds, {next}; {between}.")
    });
    vec![format!("At {}: {}", time(at.moment), each.collect::<Vec<_>>().join(" "))]
}

fn origin<T>(note: &SnapshotNote, answer: &Answer<T>) -> String {
    let age = match (note.to, answer.as_of, answer.age_seconds) {
        (Some(to), Some(as_of), Some(age)) => {
            let age = age - to.duration_since(as_of).as_secs();
            let distance = if answer.at.is_some() { "before that" } else { "ago" };
            format!("As of {} ({} {distance})", to.strftime("%Y-%m-%d %H:%M:%SZ"), words(age))
        }
        _ => "As of an unknown time".to_owned(),
    };
    format!(
        "{age}: {} ({}), app {} \"{}\", {}, snapshot {}.",
        visible(&note.org),
        note.app.org_domain,
        note.app.id,
        visible(&note.app.label),
        note.mode.replace('-', " "),
        note.snapshot
    )
}

/// How many there are, as far as was read: `no role`, `1 role`, `at least 2 roles; members of … were not read`.
pub(crate) fn count(
    number: usize,
    none: &str,
    one: &str,
    several: &str,
    completeness: &Completeness,
) -> String {
    match (completeness.gap(), number) {
        (Some(gap), 1) => format!("at least 1 {one}; {}", visible(&gap)),
        (Some(gap), number) => format!("at least {number} {several}; {}", visible(&gap)),
        (None, 0) => none.to_owned(),
        (None, 1) => format!("1 {one}"),
        (None, number) => format!("{number} {several}"),
    }
}

/// The cells of the columns `complete` and `unread_groups`.
pub(crate) fn complete_cells(completeness: &Completeness) -> [Cell; 2] {
    [completeness.complete.into(), completeness.labels().into()]
}

/// Adds the columns that say from when, from what and how complete each row is.
pub(crate) fn with_evidence<T>(mut rows: Rows, answer: &Answer<T>) -> Rows {
    let join = |each: &dyn Fn(&SnapshotNote) -> String| {
        answer.snapshots.iter().map(each).collect::<Vec<_>>().join(" ")
    };
    let as_of = answer.as_of.map(|at| at.to_string());
    let snapshot = join(&|note| note.snapshot.clone());
    let complete = answer.snapshots.iter().all(|note| note.coverage.complete);
    // Rows that know better than their snapshot whether they are complete say so themselves.
    let by_row = rows.columns.contains(&"complete");
    rows.columns.extend(["as_of", "snapshot"]);
    rows.columns.extend((!by_row).then_some("complete"));
    for row in &mut rows.rows {
        row.push(as_of.clone().into());
        row.push(snapshot.as_str().into());
        row.extend((!by_row).then(|| Cell::from(complete)));
    }
    rows
}
