//! The styles of both programs. There are no others: [`super::tame`] lets only what these are written as through.

pub use anstyle::Style;

use anstyle::AnsiColor;

/// No style, for what is as it should be.
pub const PLAIN: Style = Style::new();
/// A title.
pub const BOLD: Style = Style::new().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();
/// Wrong.
pub const RED: Style = AnsiColor::Red.on_default();
/// Wrong, in a heading.
pub const RED_BOLD: Style = RED.bold();
/// Right.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// Right, in a heading.
pub const GREEN_BOLD: Style = GREEN.bold();
/// To be looked at.
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
/// To be looked at, in a heading.
pub const YELLOW_BOLD: Style = YELLOW.bold();
/// A label or a hint.
pub const CYAN: Style = AnsiColor::Cyan.on_default();
/// A label, in a heading.
pub const CYAN_BOLD: Style = CYAN.bold();

/// What the styles are written as, their end among it.
pub(crate) const WRITTEN: [&str; 7] =
    ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"];

#[cfg(test)]
pub(crate) const ALL: [Style; 11] =
    [PLAIN, BOLD, DIM, RED, RED_BOLD, GREEN, GREEN_BOLD, YELLOW, YELLOW_BOLD, CYAN, CYAN_BOLD];
