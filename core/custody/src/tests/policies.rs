//! Policies that must not load, each with the lint that says so.

use super::EXAMPLE;
use crate::{Digest, Policy};

/// What is replaced in the example, by what, and the lint that notices.
const BAD: &[(&str, &str, &str)] = &[
    // Not a policy at all: what the types refuse.
    ("count = 1", "count = 0", "unreadable"),
    ("count = 1", "count = 17", "unreadable"),
    ("count = 1", "count = -1", "unreadable"),
    ("kind = \"root_code\"", "kind = \"root\"", "unreadable"),
    ("window = \"1h\"", "window = \"long\"", "unreadable"),
    ("[limits]", "[limits]\nunknown = 1", "unreadable"),
    ("[people.aoi]", "[people.\"Aoi Tanaka\"]", "unreadable"),
    ("203.0.113.0/24", "203.0.113.0/40", "unreadable"),
    ("111122223333", "11112222333", "unreadable"),
    ("modes = [\"direct\", \"phone\"]", "modes = [\"fax\"]", "unreadable"),
    ("tier = \"T2\"", "tier = \"T3\"", "unreadable"),
    (
        "approvals = [{ group = \"security\", count = 1 }, { group = \"managers\", count = 1 }]",
        "",
        "unreadable",
    ),
    // The desk and its people.
    ("desk = \"desk.shiosai.example\"", "desk = \"\"", "desk-name"),
    ("name = \"Aoi Tanaka\"", "name = \" \"", "person-name"),
    ("name = \"Aoi Tanaka\"", "name = \"Aoi \\u202eTanaka\"", "person-name"),
    ("name = \"Aoi Tanaka\"", "name = \"Mika Kobayashi\"", "name-twice"),
    ("issuer = \"https://login.shiosai.example\"", "issuer = \"login.shiosai.example\"", "issuer"),
    ("subject = \"00u-aoi\"", "subject = \"\"", "subject"),
    ("subject = \"00u-aoi\"", "subject = \"aoi@shiosai.example\"", "subject-email"),
    ("subject = \"00u-aoi\"", "subject = \"00u-ren\"", "subject-twice"),
    ("name = \"mika-1\"", "name = \"ren-1\"", "key-twice"),
    ("public = \"mika-public\"", "public = \"ren-public\"", "key-shared"),
    ("public = \"mika-public\"", "public = \"\"", "key-empty"),
    ("subject = \"00u-mika\"", "subject = \"00u-mika\"\nis = \"program\"", "program-passkey"),
    // Groups and roles.
    ("security = { members = [\"ren\", \"mika\"] }", "security = { members = [] }", "group-empty"),
    ("members = [\"ren\", \"mika\"]", "members = [\"ren\", \"mikado\"]", "group-stranger"),
    ("members = [\"ren\", \"mika\"]", "members = [\"ren\", \"managers\"]", "group-nested"),
    ("members = [\"ren\", \"mika\"]", "members = [\"ren\", \"ren\"]", "person-twice"),
    (
        "hosts = { members = [\"nagi\"] }",
        "hosts = { members = [\"nagi\"] }\nemi = { members = [\"emi\"] }",
        "group-person",
    ),
    ("subject = \"00u-mika\"", "subject = \"00u-mika\"\nis = \"program\"", "group-mixed"),
    ("auditors = [\"auditors\"]", "auditors = []", "auditors-none"),
    ("auditors = [\"auditors\"]", "auditors = [\"auditor\"]", "group-unknown"),
    ("server_admins = [\"hosts\"]", "server_admins = []", "admins-none"),
    ("server_admins = [\"hosts\"]", "server_admins = [\"auditors\"]", "auditor-admin"),
    ("auditors = { members = [\"kei\"] }", "auditors = { members = [\"nagi\"] }", "auditor-admin"),
    ("subject = \"00u-kei\"", "subject = \"00u-kei\"\nis = \"program\"", "program-acts"),
    ("keys = [{ name = \"kei-1\", kind = \"webauthn\", public = \"kei-public\" }]", "", "key-none"),
    ("keys = [{ name = \"hina-1\", kind = \"webauthn\", public = \"hina-public\" }]", "", "key-none"),
    ("keys = [{ name = \"ren-1\", kind = \"webauthn\", public = \"ren-public\" }]", "", "key-none"),
    // From where.
    ("operators = [\"203.0.113.0/24\", \"127.0.0.0/8\"]", "operators = []", "networks-none"),
    ("\"203.0.113.0/24\"", "\"0.0.0.0/0\"", "network-everywhere"),
    ("\"203.0.113.0/24\"", "\"128.0.0.0/1\"", "network-wide"),
    ("\"203.0.113.0/24\"", "\"203.0.113.7/24\"", "network-host"),
    ("\"203.0.113.0/24\"", "\"127.0.0.0/8\"", "network-twice"),
    // Accounts and seeds.
    ("name = \"shiosai-main\"", "name = \"\"", "account-name"),
    (
        "[seeds.root-main]",
        "[accounts.444455556666]\nname = \"shiosai-main\"\npasswords = [\"aoi\"]\nmailbox = [\"emi\"]\n[seeds.root-main]",
        "account-name-twice",
    ),
    (
        "[seeds.root-main]",
        "[accounts.444455556666]\nname = \"other\"\npasswords = [\"aoi\"]\nmailbox = [\"emi\"]\n[seeds.root-main]",
        "account-seedless",
    ),
    ("passwords = [\"aoi\", \"haru\"]", "passwords = []", "passwords-none"),
    ("passwords = [\"aoi\", \"haru\"]", "passwords = [\"aoi\", \"harou\"]", "password-stranger"),
    ("mailbox = [\"emi\"]", "mailbox = []", "mailbox-none"),
    ("mailbox = [\"emi\"]", "mailbox = [\"emily\"]", "mailbox-stranger"),
    ("subject = \"00u-haru\"", "subject = \"00u-haru\"\nis = \"program\"", "program-password"),
    ("account = \"111122223333\"", "account = \"444455556666\"", "seed-account"),
    (
        "[seeds.practice]",
        "[seeds.second]\naccount = \"111122223333\"\ntier = \"T2\"\n[seeds.practice]",
        "seed-two",
    ),
    ("practice = true", "practice = true\naccount = \"111122223333\"", "practice-account"),
    ("practice = true", "", "seed-nowhere"),
    ("tier = \"T2\"", "tier = \"T0\"", "tier-weak"),
    ("tier = \"T2\"", "tier = \"T2\"\ndigits = 4", "digits"),
    ("tier = \"T2\"", "tier = \"T2\"\nperiod = 0", "period"),
    // Rules.
    (
        "[rules.root]\nkind = \"root_code\"\nrequesters = [\"sre\"]",
        "[rules.root]\nkind = \"root_code\"\nrequesters = []",
        "requesters-none",
    ),
    (
        "[rules.root]\nkind = \"root_code\"\nrequesters = [\"sre\"]",
        "[rules.root]\nkind = \"root_code\"\nrequesters = [\"sres\"]",
        "group-unknown",
    ),
    (
        "[rules.root]\nkind = \"root_code\"",
        "[rules.root]\naccounts = [\"444455556666\"]\nkind = \"root_code\"",
        "rule-account",
    ),
    ("kind = \"drill\"", "kind = \"drill\"\naccounts = [\"111122223333\"]", "rule-accounts"),
    ("{ group = \"security\", count = 1 }, { group = \"managers\", count = 1 }", "", "approvals-none"),
    ("{ group = \"security\", count = 1 }", "{ group = \"managers\", count = 1 }", "approvals-twice"),
    ("{ group = \"security\", count = 1 }", "{ group = \"security\", count = 3 }", "approvals-short"),
    (
        "{ group = \"security\", count = 1 }, { group = \"managers\", count = 1 }",
        "{ group = \"security\", count = 1 }",
        "quorum-one",
    ),
    (
        "{ group = \"security\", count = 1 }, { group = \"managers\", count = 1 }",
        "{ group = \"security\", count = 1 }",
        "shares-one",
    ),
    // The group is the requesters themselves: of two, each could be asked of the other, and a third is missing.
    ("{ group = \"security\", count = 1 }", "{ group = \"sre\", count = 2 }", "rule-unfulfillable"),
    (
        "sre = { members = [\"aoi\", \"haru\"] }",
        "sre = { members = [\"aoi\", \"haru\"] }\nonly = { members = [\"aoi\"] }",
        "",
    ),
    (
        "security = { members = [\"ren\", \"mika\"] }",
        "security = { members = [\"ren\"] }",
        "rule-unfulfillable",
    ),
    (
        "security = { members = [\"ren\", \"mika\"] }",
        "security = { members = [\"aoi\"] }",
        "rule-unfulfillable",
    ),
    ("auditors = { members = [\"kei\"] }", "auditors = { members = [\"aoi\"] }", "rule-unfulfillable"),
    (
        "operators = [\"operators\"]\nreviewers = [\"auditors\"]\nmodes",
        "reviewers = [\"auditors\"]\nmodes",
        "operators-none",
    ),
    ("kind = \"govern\"", "kind = \"govern\"\noperators = [\"operators\"]", "operators-govern"),
    ("reviewers = [\"auditors\"]", "reviewers = []", "reviewers-none"),
    ("modes = [\"direct\", \"phone\"]", "modes = []", "modes-none"),
    ("modes = [\"direct\", \"phone\"]", "modes = [\"phone\", \"phone\"]", "modes-twice"),
    ("kind = \"govern\"", "kind = \"govern\"\nmodes = [\"direct\"]", "modes-needless"),
    ("codes = 2", "codes = 0", "codes"),
    ("codes = 2", "codes = 3", "codes"),
    ("window = \"1h\"", "window = \"0s\"", "window-none"),
    ("window = \"1h\"", "window = \"13h\"", "window-long"),
    ("decide_within = \"4h\"", "decide_within = \"8d\"", "decide-within"),
    ("votes_last = \"4h\"", "votes_last = \"0s\"", "votes-last"),
    ("votes_last = \"4h\"", "votes_last = \"30min\"", "votes-short"),
    ("review_within = \"3d\"", "review_within = \"60d\"", "review-within"),
    (
        "[rules.drill]",
        "[rules.other]\nkind = \"root_code\"\nrequesters = [\"sre\"]\napprovals = [{ group = \"managers\", count = 2 }]\noperators = [\"operators\"]\nreviewers = [\"auditors\"]\nmodes = [\"direct\"]\nwindow = \"1h\"\ndecide_within = \"4h\"\nvotes_last = \"4h\"\nreview_within = \"3d\"\n[rules.drill]",
        "rule-two",
    ),
    ("kind = \"govern\"", "kind = \"drill\"", "govern-none"),
    ("kind = \"custody\"", "kind = \"drill\"", "custody-none"),
    ("kind = \"root_code\"", "kind = \"drill\"", "root-none"),
    ("[seeds.practice]\ntier = \"T1\"\npractice = true", "", "practice-none"),
    ("kind = \"drill\"", "kind = \"root_code\"", "drill-none"),
    ("recipient = \"age1ren\"", "", "recipient-none"),
    ("subject = \"00u-hina\"", "subject = \"00u-hina\"\nis = \"program\"", "program-acts"),
    // Both halves of root in one hand.
    ("passwords = [\"aoi\", \"haru\"]", "passwords = [\"aoi\", \"hina\"]", "password-operator"),
    ("passwords = [\"aoi\", \"haru\"]", "passwords = [\"aoi\", \"yuto\"]", "password-custodian"),
    ("passwords = [\"aoi\", \"haru\"]", "passwords = [\"aoi\", \"nagi\"]", "password-admin"),
    ("mailbox = [\"emi\"]", "mailbox = [\"hina\"]", "mailbox-operator"),
    ("mailbox = [\"emi\"]", "mailbox = [\"yuto\"]", "mailbox-custodian"),
    ("mailbox = [\"emi\"]", "mailbox = [\"nagi\"]", "mailbox-admin"),
    ("passwords = [\"aoi\", \"haru\"]", "passwords = [\"emi\"]", "password-requester"),
    (
        "operators = { members = [\"hina\", \"yuto\"] }",
        "operators = { members = [\"hina\", \"nagi\"] }",
        "operator-admin",
    ),
    // Bounds.
    ("pending_per_person = 5", "pending_per_person = 0", "limit-person"),
    ("pending = 200", "pending = 3", "limit-pending"),
    ("window = \"12h\"", "window = \"48h\"", "limit-window"),
    ("drill_every = \"92d\"", "drill_every = \"2000d\"", "limit-drill"),
];

#[test]
fn a_bad_policy_does_not_load_and_says_why() {
    let mut lints = std::collections::BTreeSet::new();
    for (from, to, lint) in BAD {
        assert!(EXAMPLE.contains(from), "the example has no {from:?}");
        let text = EXAMPLE.replace(from, to);
        let loaded = Policy::from_toml(&text);
        if lint.is_empty() {
            loaded.unwrap();
            continue;
        }
        let faults = loaded.err().unwrap_or_else(|| panic!("{lint}: it loads with {to:?}")).0;
        let named: Vec<&str> = faults.iter().map(|fault| fault.lint).collect();
        assert!(named.contains(lint), "{to:?} is told as {named:?}, and not as {lint}");
        for fault in faults {
            assert!(!fault.what.is_empty() && !fault.hint.is_empty() && !fault.place.is_empty(), "{fault:?}");
            assert!(!fault.what.contains('\n') && !fault.what.ends_with('.'), "{fault:?}");
            lints.insert(fault.lint);
        }
    }
    let bad = BAD.iter().filter(|(_, _, lint)| !lint.is_empty()).count();
    println!("{bad} bad policies, told by {} lints", lints.len());
    assert!(bad >= 50, "{bad} bad policies");
    assert!(lints.len() >= 50, "{} lints", lints.len());
}

#[test]
fn the_example_loads_and_has_a_version_that_stays() {
    let policy = Policy::from_toml(EXAMPLE).unwrap();
    let again: crate::PolicyFile = serde_json::from_slice(&crate::digest::json(policy.file())).unwrap();
    assert_eq!(again.version(), policy.version());
    assert_ne!(policy.version(), Digest::of(b""));
    let other = Policy::from_toml(&EXAMPLE.replace("codes = 2", "codes = 1")).unwrap();
    assert_ne!(other.version(), policy.version());
}
