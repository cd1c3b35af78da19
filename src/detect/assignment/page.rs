//! What is typed into the fields of web pages, as tests of pages have it: `cy.get("#name").type("value")`, `fill_in "name", with: "value"`.
//! Owns: how they name a field and what comes before the value. Must not: read values.

use super::cursor::Cursor;
use super::operator::Operator;

/// A text that is typed into the field of a page that has the name.
#[must_use]
pub(super) fn types(cursor: &mut Cursor<'_>) -> Option<Operator> {
    const CALLS: [&[u8]; 6] = [b".type(", b".fill(", b".send_keys(", b".sendKeys(", b".setValue(", b".clear().type("];
    CALLS.iter().any(|call| cursor.eat(call)).then_some(Operator::Call)
}

/// `fill_in "name", with: "value"`: steps to the value.
#[must_use]
pub(super) fn fills_in(line: &[u8], cursor: &mut Cursor<'_>) -> bool {
    let mut next = *cursor;
    next.blanks();
    let found = line.trim_ascii_start().starts_with(b"fill_in") && (next.eat(b"with: ") || next.eat(b":with => "));
    if found {
        *cursor = next;
    }
    found
}

/// Steps over what ends the text that selects a field of a page by its name: `[name=password]')`, `[type="password"]')`. Gives whether it does.
pub(super) fn close_selector(cursor: &mut Cursor<'_>) -> bool {
    let mut next = *cursor;
    let found = next.text()[..next.at].ends_with(b"]") && next.quote().is_some() && next.eat(b")");
    if found {
        *cursor = next;
    }
    found
}

/// Whether the text in which the name behind whose end the cursor stands is a selector that ends there.
#[must_use]
pub(super) fn is_in_selector(mut cursor: Cursor<'_>) -> bool {
    cursor.quote();
    cursor.eat(b"]") && close_selector(&mut cursor)
}

/// `I fill in "name" with "value"`: steps to the value.
#[must_use]
pub(super) fn says(cursor: &mut Cursor<'_>) -> Option<Operator> {
    let mut next = *cursor;
    let found = next.eat(b"with ") && matches!(next.peek(), Some(b'"' | b'\''));
    if found {
        *cursor = next;
    }
    found.then_some(Operator::Prose)
}
