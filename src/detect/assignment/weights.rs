//! The numbers of the judge: what each named reason adds to the log odds. Owns: data. Must not: decide when a reason holds.
//!
//! Fitted by logistic regression to labelled code of many repositories and to clean source trees, checked on repositories left out, and
//! rounded. What the data held too seldom (commands, cells, fallbacks) is set by hand.

/// A named reason and what it adds to the log odds that a value is a credential.
pub(super) type Evidence = (&'static str, f32);

/// Log odds before anything is known.
pub(super) const BIAS: f32 = 0.10;

/// What the name's class (row) and the value's form (column) say together.
pub(super) const FORMS: [[f32; 10]; 4] = [
    // Word, Joined, Constant, Letters, Coded, Signed, Random, Digits, Phrase, Uuid
    [2.00, 1.05, 0.90, 2.50, 2.70, 1.55, 0.95, 0.60, -0.45, -2.00],
    [0.70, -1.55, 0.15, 0.05, 0.20, -0.95, 2.75, 0.40, -2.00, 0.10],
    [-2.05, -2.05, -2.35, 0.00, 0.40, 0.10, 3.25, -1.25, -2.00, 1.60],
    [-3.15, -4.00, -1.00, -0.95, -2.10, -2.25, 2.05, 0.30, -2.00, -2.00],
];

pub(super) const OPERATOR_COLON: Evidence = ("a colon stands between name and value", -0.35);
pub(super) const OPERATOR_ARROW: Evidence = ("an arrow stands between name and value", 0.55);
pub(super) const OPERATOR_COMPARE: Evidence = ("the value is compared with", -0.15);
pub(super) const OPERATOR_COMMA: Evidence = ("the value follows its name in a list", -2.95);
pub(super) const OPERATOR_CALL: Evidence = ("the value is an argument", -0.85);
pub(super) const OPERATOR_SPACE: Evidence = ("the value follows after a blank", 1.10);
pub(super) const OPERATOR_FLAG: Evidence = ("the value belongs to an option of a command", 0.20);
pub(super) const OPERATOR_ELEMENT: Evidence = ("the value fills an element", -0.15);
pub(super) const OPERATOR_NAMED: Evidence = ("the name is a value beside it", -0.10);
pub(super) const OPERATOR_CELL: Evidence = ("the value stands in a table", -0.50);
pub(super) const OPERATOR_PROSE: Evidence = ("a sentence says the value", -2.55);
pub(super) const OPERATOR_QUERY: Evidence = ("the value stands in a query", 0.70);
pub(super) const OPERATOR_COMMAND: Evidence = ("a command takes the value as a password", 1.60);
pub(super) const OPERATOR_TIGHT: Evidence = ("name and value are one word", -0.05);
pub(super) const OPERATOR_DEFAULT: Evidence = ("the value is a default in a reference", -0.40);
pub(super) const BARE: Evidence = ("the value has no quotes", -0.20);
pub(super) const NESTED: Evidence = ("the value is quoted in a text", -0.35);
pub(super) const BACKTICK: Evidence = ("the value is set in code type", -0.60);
pub(super) const JOINED: Evidence = ("more text is joined to the value", 0.10);
pub(super) const FALLBACK: Evidence = ("the value is a fallback for a setting", -0.60);
pub(super) const LISTED: Evidence = ("the value is one of a list", 0.05);
pub(super) const IN_COMMENT: Evidence = ("it stands in a comment", -0.95);
pub(super) const IN_TEXT: Evidence = ("it stands inside a text", -0.30);
pub(super) const KIND_SCRIPT: Evidence = ("it stands in a script", 0.35);
pub(super) const KIND_CONFIG: Evidence = ("it stands in a configuration file", 0.05);
pub(super) const KIND_DATA: Evidence = ("it stands in a data file", 0.30);
pub(super) const KIND_MARKUP: Evidence = ("it stands in markup", -0.85);
pub(super) const KIND_DOC: Evidence = ("it stands in prose", -0.30);
pub(super) const NAME_BARE: Evidence = ("the name says nothing else", 0.00);
pub(super) const NAME_TRAILS: Evidence = ("the name goes on after the word", -2.45);
pub(super) const NAME_TEST: Evidence = ("the name speaks of a test", -0.35);
pub(super) const NAME_UPPER: Evidence = ("the name is in capitals", -0.05);
pub(super) const NAME_DOTTED: Evidence = ("the name has dots", 0.00);
pub(super) const VALUE_IS_NAME: Evidence = ("the value repeats its name", -1.85);
pub(super) const VALUE_CREDENTIAL: Evidence = ("the value holds a word for a credential", -1.35);
pub(super) const VALUE_EXAMPLE: Evidence = ("the value holds a word of examples", -1.10);
pub(super) const VALUE_MY: Evidence = ("the value starts as made-up ones do", -0.20);
pub(super) const VALUE_DEFAULT: Evidence = ("the value is a well-known default password", -0.35);
pub(super) const VALUE_SEQUENCE: Evidence = ("the value holds a sequence", -1.30);
pub(super) const VALUE_COUNTS: Evidence = ("the value holds a long sequence", -1.30);
pub(super) const VALUE_REPEATS: Evidence = ("the value repeats a character", -1.00);
pub(super) const VALUE_SHORT: Evidence = ("the value is very short", -2.65);
pub(super) const VALUE_SIX: Evidence = ("the value is short", -1.30);
pub(super) const VALUE_LONG: Evidence = ("the value is long", 0.60);
pub(super) const VALUE_HUGE: Evidence = ("the value is very long", 0.85);
pub(super) const VALUE_CAPITAL: Evidence = ("the value starts with a capital", 0.40);
pub(super) const VALUE_HEX: Evidence = ("the value is hex digits", 0.50);
pub(super) const VALUE_BASE64: Evidence = ("the value is padded base64", -0.25);
pub(super) const VALUE_DIGITS_LAST: Evidence = ("digits follow a word", -0.55);
pub(super) const VALUE_STRONG_SIGN: Evidence = ("the value has signs that people add to passwords", 0.70);
pub(super) const VALUE_FOREIGN: Evidence = ("the value has letters beyond ASCII", -0.60);
