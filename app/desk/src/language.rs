//! English and Japanese: every text of a page is written in both, where it stands.

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// The text of this language.
    #[must_use]
    pub(crate) fn of<T>(self, en: T, ja: T) -> T {
        match self {
            Self::En => en,
            Self::Ja => ja,
        }
    }

    /// `en`, `ja`.
    #[must_use]
    pub(crate) fn code(self) -> &'static str {
        self.of("en", "ja")
    }

    /// Of its code.
    #[must_use]
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::En),
            "ja" => Some(Self::Ja),
            _ => None,
        }
    }

    /// The first that a browser asks for and that there is (`Accept-Language`).
    #[must_use]
    pub(crate) fn wanted(header: &str) -> Self {
        let mut codes = header.split(',').filter_map(|part| part.trim().get(..2));
        codes.find_map(|code| Self::of_code(&code.to_ascii_lowercase())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_answered_in_its_language() {
        for (header, expected) in [
            ("ja,en-US;q=0.9", Language::Ja),
            ("JA-jp", Language::Ja),
            ("fr-FR, ja;q=0.5", Language::Ja),
            ("en-GB,ja", Language::En),
            ("", Language::En),
            ("あ", Language::En),
            ("*", Language::En),
        ] {
            assert_eq!(Language::wanted(header), expected, "{header}");
        }
    }
}
