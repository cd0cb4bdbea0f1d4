//! Limits within reason: a limit that nothing can reach, or everything does, would silence its check.

use super::{Limits, SettingsError};

/// A hundred years.
const DAYS_MAX: i64 = 36_500;
/// IAM User Guide, `id_credentials_passwords_account-policy`: 6 to 128 letters, 1 to 24 passwords, 1 to 1095 days.
const LETTERS: (i64, i64) = (6, 128);
const REMEMBERED: (i64, i64) = (1, 24);
const EXPIRY: (i64, i64) = (1, 1095);
/// IAM User Guide, `id_roles_use` (maximum session duration): 1 to 12 hours.
const SESSION: (i64, i64) = (3600, 43_200);

impl Limits {
    /// The limits, when each is within reason.
    pub(super) fn checked(self) -> Result<Self, SettingsError> {
        for (name, value, (least, most)) in self.named() {
            if !(least..=most).contains(&value) {
                let message = format!("`limits.{name}` is {value}, which is no limit");
                return Err(SettingsError::new(message, &format!("write a number from {least} to {most}")));
            }
        }
        Ok(self)
    }

    fn named(&self) -> [(&'static str, i64, (i64, i64)); 15] {
        let days = (1, DAYS_MAX);
        let writers = i64::try_from(self.iam_writers).unwrap_or(i64::MAX);
        [
            ("key_rotation", self.key_rotation, days),
            ("unused", self.unused, days),
            ("unused_role", self.unused_role, days),
            ("root_used", self.root_used, days),
            ("password_age", self.password_age, days),
            ("inactive_leftover", self.inactive_leftover, (0, DAYS_MAX)),
            ("ssh_key_age", self.ssh_key_age, days),
            ("service_specific_age", self.service_specific_age, days),
            ("certificate_soon", self.certificate_soon, (0, DAYS_MAX)),
            ("new_origin", self.new_origin, days),
            ("iam_writers", writers, (0, 1_000_000)),
            ("privileged_session", self.privileged_session.into(), SESSION),
            ("password_length", self.password_length.into(), LETTERS),
            ("password_reuse", self.password_reuse.into(), REMEMBERED),
            ("password_expiry", self.password_expiry.into(), EXPIRY),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;

    #[test]
    fn a_limit_is_a_number_within_reason() {
        for (line, message) in [
            ("unused = -1", "`limits.unused` is -1, which is no limit"),
            ("unused = 0", "`limits.unused` is 0, which is no limit"),
            ("key_rotation = 9000000000", "`limits.key_rotation` is 9000000000, which is no limit"),
            ("password_length = 1000", "`limits.password_length` is 1000, which is no limit"),
            ("privileged_session = 1", "`limits.privileged_session` is 1, which is no limit"),
        ] {
            let error = Settings::parse(&format!("[limits]\n{line}\n")).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(error.hint().starts_with("write a number from "));
        }
        for line in ["unused = 30", "iam_writers = 0", "privileged_session = 43200", "inactive_leftover = 0"]
        {
            assert!(Settings::parse(&format!("[limits]\n{line}\n")).is_ok(), "{line}");
        }
    }
}
