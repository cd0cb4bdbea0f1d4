//! `kagimori.toml`: the company's own facts.

/// The file.
pub(crate) fn write() -> Vec<u8> {
    SETTINGS.as_bytes().to_vec()
}

const SETTINGS: &str = r#"# The fictional company Shiosai. Generated: change testkit, not this file.

as_of = "2026-11-01T00:00:00Z"
bastion = "222233334444"

[accounts]
111122223333 = "management"
222233334444 = "bastion"
444455556666 = "production"
555566667777 = "staging"
666677778888 = "tide data"
777788889999 = "sandbox"

# Accounts outside the organization that Shiosai trusts.
[trusted_accounts]
999988887777 = "Umineko monitoring"

[owners]
known = ["platform", "ferry-web", "tide-data", "予約チーム", "corporate-it", "security"]
owner_tags = ["Owner"]
purpose_tags = ["Purpose"]

[patterns]
machine_users = ["svc-*", "ci-*", "/machine/*"]
break_glass_roles = ["break-glass-*"]

# The bastion's one inline policy is the sanctioned form of S0: only AssumeRole, only with MFA.
[[waiver]]
check = "inline-present"
account = "222233334444"
resource = "arn:aws:iam::222233334444:group/engineers"
owner = "security"
reason = "the bastion group's policy is inline on purpose, reviewed every quarter"
expires = "2027-03-31"

# Forgotten: the migration it waits for ended in spring.
[[waiver]]
check = "key-rotation"
account = "444455556666"
resource = "arn:aws:iam::444455556666:user/machine/svc-port-sensors"
owner = "tide-data"
reason = "sensors are replaced in spring"
expires = "2026-05-31"
"#;
