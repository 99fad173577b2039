//! Reviews that come back from many hands, and the copies that are given back.

use std::io::{Cursor, Write};

use calamine::Reader;
use rolebook_insight::export::{Decided, RowOutcome, Sheet, SheetError, SheetForm, Subject, write_returned};
use rust_xlsxwriter::{Formula, Workbook};

const HEADER: &str = "row_id,account,access,login,user_id,decision,comment";
const ANN: &str = "aws-roles:0oa:00uA:111122223333/Admin,111122223333,Admin,ann@acme.test,00uA";
const BOB: &str = "group-membership:0oa:00uB:00gX,,member of a:b,bob@acme.test,00uB";

fn csv(rows: &[String]) -> Vec<u8> {
    format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes()
}

fn workbook(name: &str, rows: &[Vec<String>]) -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("cover").unwrap().write_string(0, 0, "Made by").unwrap();
    let sheet = book.add_worksheet().set_name(name).unwrap();
    for (line, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(line, column, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

fn cells(line: &str) -> Vec<String> {
    line.split(',').map(str::to_owned).collect()
}

fn wrong(bytes: &[u8]) -> Vec<String> {
    match Sheet::read(bytes) {
        Err(SheetError::Rows { rows, .. }) => rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_workbook_and_a_csv_of_any_country_read_alike() {
    let lines = [format!("{ANN},revoke,left"), format!("{BOB}, Keep ,")];
    let comma = Sheet::read(&csv(&lines)).unwrap();
    let semicolon = String::from_utf8(csv(&lines)).unwrap().replace(',', ";");
    let semicolon = Sheet::read(format!("\u{feff}{semicolon}").replace('\n', "\r\n").as_bytes()).unwrap();
    let rows: Vec<Vec<String>> = [HEADER.to_owned()].iter().chain(&lines).map(|line| cells(line)).collect();
    let book = Sheet::read(&workbook("aws-roles", &rows)).unwrap();
    assert_eq!(
        [comma.form, semicolon.form, book.form],
        [SheetForm::Csv(b','), SheetForm::Csv(b';'), SheetForm::Xlsx]
    );
    for sheet in [&comma, &semicolon, &book] {
        let [ann, bob] = sheet.rows.as_slice() else { panic!("{sheet:?}") };
        assert_eq!((ann.decided, bob.decided), (Decided::Revoke, Decided::Keep));
        let role = Subject::Role { account: "111122223333".to_owned(), role: "Admin".to_owned() };
        assert_eq!((&ann.subject, ann.user.as_str(), ann.login.as_str()), (&role, "00uA", "ann@acme.test"));
        let group = Subject::Group { id: "00gX".to_owned(), name: "a:b".to_owned() };
        assert_eq!(bob.subject, group);
    }
    assert_eq!(book.rows[0].place, "aws-roles, row 2");
    assert_eq!(comma.rows[0].place, "row 2");
}

#[test]
fn rows_that_were_tampered_with_are_named_and_nothing_is_taken() {
    let table = [
        (format!("{ANN},reovke,"), "`reovke` is no decision"),
        // The id says another person, role or group than what was decided on.
        (format!("{ANN},revoke,").replace(":00uA:", ":00uB:"), "row id and its user_id"),
        (format!("{ANN},revoke,").replace("/Admin", "/Root"), "row id and its account and access"),
        (format!("{ANN},revoke,").replace(",Admin,", ",ReadOnly,"), "row id and its account and access"),
        (format!("{ANN},revoke,").replace("aws-roles:", "aws:"), "no row id"),
        (format!("{ANN},revoke,").replace("aws-roles:0oa:00uA:111122223333/Admin", "7"), "no row id"),
        (format!("{ANN},revoke,").replace("aws-roles:", "app-assignment:"), "no row id"),
        (format!("{BOB},revoke,").replace("member of a:b", "all"), "row id and its access"),
    ];
    for (row, why) in table {
        let named = wrong(&csv(&[format!("{ANN},keep,"), row.clone()]));
        assert_eq!(named.len(), 1, "{row}: {named:?}");
        assert!(named[0].starts_with("row 3: ") && named[0].contains(why), "{named:?}");
    }
    let many: Vec<String> = (0..50).map(|_| format!("{ANN},maybe,")).collect();
    let Err(SheetError::Rows { count, rows }) = Sheet::read(&csv(&many)) else { panic!() };
    assert_eq!((count, rows.len(), rows[20].as_str()), (50, 21, "and 30 more"));
}

#[test]
fn a_row_that_is_there_twice_counts_once_and_may_not_contradict_itself() {
    let sheet = Sheet::read(&csv(&[format!("{ANN},revoke,"), format!("{ANN},REVOKE,again")])).unwrap();
    assert_eq!(sheet.rows[0].repeats, None);
    assert_eq!(sheet.rows[1].repeats.as_deref(), Some("row 2"));
    let named = wrong(&csv(&[format!("{ANN},revoke,"), format!("{ANN},keep,")]));
    assert!(named[0].contains("the same id and another decision"), "{named:?}");
}

#[test]
fn a_header_that_is_not_a_review_s_is_refused() {
    let header = |bytes: &[u8]| match Sheet::read(bytes) {
        Err(SheetError::Header(why)) => why,
        other => panic!("{other:?}"),
    };
    for column in HEADER.split(',').filter(|column| *column != "comment") {
        let text = String::from_utf8(csv(&[format!("{ANN},revoke,")])).unwrap();
        let without = text.replacen(column, "something", 1);
        assert!(header(without.as_bytes()).contains(column), "{column}");
        let twice = text.replacen("comment", column, 1);
        assert!(header(twice.as_bytes()).contains("more than one"), "{column}");
    }
    assert!(header(&workbook("x", &[cells("a,b")])).contains("no page"));
}

/// An archive that names one part so and fills it with zeros.
fn bomb(name: &str, size: usize) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file(name, options).unwrap();
    let zeros = vec![b' '; 1 << 20];
    (0..size >> 20).for_each(|_| archive.write_all(&zeros).unwrap());
    archive.finish().unwrap().into_inner()
}

#[test]
fn bombs_and_broken_files_end_in_an_error() {
    let too_large = |bytes: &[u8]| matches!(Sheet::read(bytes), Err(SheetError::TooLarge(_)));
    let small = bomb("xl/workbook.xml", 300 << 20);
    assert!(small.len() < 1 << 20);
    assert!(too_large(&small));
    // What the archive says of its size is not believed.
    let mut lying = small;
    let size = u32::try_from(300_u64 << 20).unwrap().to_le_bytes();
    while let Some(at) = lying.windows(4).position(|window| window == size) {
        lying[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    assert!(Sheet::read(&lying).is_err());
    // One cell at the far corner, and one text that many cells show.
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "row_id").unwrap();
    sheet.write_string(1_048_575, 16_383, "far").unwrap();
    assert!(too_large(&book.save_to_buffer().unwrap()));
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let long = "x".repeat(32_000);
    for row in 0..3_000 {
        sheet.write_string(row, 0, &long).unwrap();
    }
    assert!(too_large(&book.save_to_buffer().unwrap()));
    for bytes in [b"PK\x03\x04".as_slice(), b"PK\x03\x04 no archive", b"row_id;decision\n\xff"] {
        assert!(matches!(Sheet::read(bytes), Err(SheetError::Unreadable(_))), "{bytes:?}");
    }
    let whole = workbook("x", &[cells(HEADER), cells(&format!("{ANN},revoke,"))]);
    for cut in (0..whole.len()).step_by(97) {
        assert!(Sheet::read(&whole[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn a_decision_by_formula_is_what_it_showed() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(HEADER.split(',')) {
        sheet.write_string(0, column, name).unwrap();
    }
    for (column, cell) in (0..).zip(ANN.split(',')) {
        sheet.write_string(1, column, cell).unwrap();
    }
    sheet.write_formula(1, 5, Formula::new("=\"rev\"&\"oke\"").set_result("revoke")).unwrap();
    let sheet = Sheet::read(&book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(sheet.rows[0].decided, Decided::Revoke);
}

fn outcome(outcome: &str, note: &str, audit_id: &str) -> RowOutcome {
    RowOutcome { outcome: outcome.to_owned(), note: note.to_owned(), audit_id: audit_id.to_owned() }
}

#[test]
fn the_copy_holds_all_that_came_and_no_formula() {
    let comment = "=HYPERLINK(\"http://evil.test\")";
    let rows = [
        [cells(HEADER), vec!["extra".to_owned()]].concat(),
        [cells(&format!("{ANN},revoke")), vec![comment.to_owned(), "x".to_owned()]].concat(),
        Vec::new(),
        cells(&format!("{BOB},keep,")),
    ];
    let sheet = Sheet::read(&workbook("aws-roles", &rows)).unwrap();
    let outcomes = [outcome("refused", "=1+1", "7f3a90c2d1e4"), outcome("kept", "", "")];
    let mut out = Cursor::new(Vec::new());
    write_returned(&sheet, &outcomes, &mut out).unwrap();
    let bytes = out.into_inner();
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes.clone())).unwrap();
    assert_eq!(book.sheet_names(), ["cover", "aws-roles"]);
    assert_eq!(book.worksheet_formula("aws-roles").unwrap().cells().count(), 0);
    let again = Sheet::read(&bytes).unwrap();
    assert_eq!(again.rows, sheet.rows, "ids and places are stable");
    let lines = &again.pages[1].lines;
    assert_eq!(lines[0][7..], ["extra", "outcome", "outcome_note", "audit_id"]);
    assert_eq!(lines[1][6..], [comment, "x", "refused", "=1+1", "7f3a90c2d1e4"]);
    assert_eq!(lines[3][8], "kept");
    // A copy of the copy fills the same columns.
    let mut out = Cursor::new(Vec::new());
    write_returned(&again, &[outcome("done", "", "b"), outcome("kept", "", "")], &mut out).unwrap();
    let twice = Sheet::read(&out.into_inner()).unwrap();
    assert_eq!(twice.pages[1].lines[0], lines[0]);
    assert_eq!(twice.pages[1].lines[1][8], "done");

    let sheet = Sheet::read(&csv(&[format!("{ANN},revoke,\"{}\"", comment.replace('"', "\"\""))])).unwrap();
    let mut out = Cursor::new(Vec::new());
    write_returned(&sheet, &outcomes[..1], &mut out).unwrap();
    let text = String::from_utf8(out.into_inner()).unwrap();
    assert!(text.contains(",\"'=HYPERLINK") && text.ends_with(",refused,'=1+1,7f3a90c2d1e4\n"), "{text}");
}
