//! Laws: nothing panics, and neither the cut into pages nor the order of files changes the estate.

use proptest::prelude::*;

use super::{ALICE_ROW, DETAILS, ROOT_ROW, account_id, estate, report};
use crate::model::Estate;
use crate::read::{Assembler, File, read};

const MANY: usize = 12;

fn user(index: usize) -> String {
    format!(
        r#"{{"UserName": "u{index:02}", "UserId": "AIDA{index}", "Arn": "arn:aws:iam::111122223333:user/u{index:02}", "GroupList": [], "CreateDate": "2024-01-01T00:00:00Z"}}"#
    )
}

fn page(users: &[usize], truncated: bool) -> String {
    let users: Vec<String> = users.iter().map(|index| user(*index)).collect();
    format!(r#"{{"UserDetailList": [{}], "IsTruncated": {truncated}}}"#, users.join(","))
}

/// The estate without its files, which of course differ by the cut.
fn users_of(estate: &Estate) -> Vec<String> {
    assert_eq!(estate.problems, []);
    let accounts = estate.accounts.values().flat_map(|account| account.users.values());
    accounts
        .map(|user| format!("{} {:?} {:?}", user.arn, user.created.value(), user.details.value()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), folder: bool) {
        estate(&[("x.json", &bytes)], folder.then(account_id));
    }

    #[test]
    fn mutated_files_never_panic(which in 0..4_usize, at: prop::sample::Index, byte: u8, cut: bool) {
        let json = r#"{"AccessKeyMetadata": [{"UserName": "alice", "AccessKeyId": "AKIAIOSFODNN7EXAMPL1", "Status": "Active", "CreateDate": "2024-02-01T00:00:00+00:00"}]}"#;
        let originals = [DETAILS.to_owned(), report(&[ROOT_ROW, ALICE_ROW]), json.to_owned(), format!("{DETAILS}\n{DETAILS}")];
        let mut bytes = originals[which].clone().into_bytes();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        estate(&[("a.json", &bytes), ("b.json", DETAILS.as_bytes())], Some(account_id()));
    }

    #[test]
    fn pages_may_be_cut_anywhere_and_come_in_any_order(
        mut cuts in proptest::collection::vec(0..=MANY, 0..5),
        order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
        one_file: bool,
    ) {
        let all: Vec<usize> = (0..MANY).collect();
        let whole = estate(&[("a.json", page(&all, false).as_bytes())], None);
        cuts.extend([0, MANY]);
        cuts.sort_unstable();
        let pages: Vec<String> =
            cuts.windows(2).map(|cut| page(&all[cut[0]..cut[1]], cut[1] < MANY)).collect();
        let mut assembler = Assembler::default();
        if one_file {
            assembler.add(read(File { path: "a.json", account: None, bytes: pages.join("\n").as_bytes() }));
        } else {
            for index in order.iter().filter(|index| **index < pages.len()) {
                let path = format!("page-{index}.json");
                assembler.add(read(File { path: &path, account: None, bytes: pages[*index].as_bytes() }));
            }
        }
        let as_of = super::AS_OF.parse().ok();
        prop_assert_eq!(users_of(&assembler.finish(as_of)), users_of(&whole));
    }

    #[test]
    fn the_order_of_reading_does_not_matter(order in Just((0..3_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let csv = report(&[ROOT_ROW, ALICE_ROW]);
        let files = [("a.json", DETAILS.as_bytes()), ("b.csv", csv.as_bytes()), ("c.json", DETAILS.as_bytes())];
        let shuffled: Vec<_> = order.iter().map(|index| files[*index]).collect();
        prop_assert_eq!(estate(&shuffled, None), estate(&files, None));
    }
}
