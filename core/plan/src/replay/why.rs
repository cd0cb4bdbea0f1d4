//! Why a call got its verdict: a value, told in English and in Japanese.

use std::cmp::Ordering;
use std::fmt;

use kagimori_policy::formula::{Atom, Formula};
use kagimori_policy::policies::{Layer, MissingDocument};
use serde::{Serialize, Serializer};

/// Why a call got its verdict. Its order is that of the English text, so that lists stand as people read them.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum Why {
    /// How its session was made is not in the trail, and the role's trust policy would change.
    Untraced,
    /// How its session was made is not in the trail: with the key that would be gone, perhaps.
    UntracedKey,
    /// It was throttled.
    Throttled,
    /// IAM does not authorize such calls.
    NotAuthorized,
    /// Its caller is a service, or of no account of the estate.
    Nobody,
    /// It was denied then.
    DeniedThen,
    /// The event tells the caller, and the snapshots have no such one.
    CallerNotGiven,
    /// Somebody made it who had this name before.
    Former,
    /// Its access key, or what its session was made from, would be gone.
    KeyGone,
    /// It may have been made with the access key that would be gone: the event does not tell the key.
    KeyNotTold,
    /// The snapshot does not explain that it succeeded, and what changes may be what allowed it, or what that needs beside it.
    UnexplainedLoss,
    /// The console password would be gone.
    PasswordGone,
    /// The user or role that made it would be gone.
    CallerGone,
    /// The user, group or role that it is about would be gone.
    CalledUponGone,
    /// The identity provider that its token came from would be gone.
    ProviderGone,
    /// Its token may have been one that the identity provider would not be taken for any more.
    ProviderAltered,
    /// Nothing that decides it changes.
    NothingChanges,
    /// CloudTrail left the request out of the event.
    BodyMissing,
    /// Which permissions such a call needs is not known.
    NotMapped,
    /// It would be allowed.
    WouldBeAllowed,
    /// Then it did not need the permission.
    NotNeeded,
    /// Denied.
    Denied(Denial),
    /// Denied, if AWS checked the permission.
    DeniedIfChecked(Denial),
    /// Allowed.
    Allowed,
    /// The policies after allow it on every resource on which those before do.
    NoResourceLost,
    /// The event does not tell the resource, and after the change some would be allowed.
    ResourceNotTold {
        /// Some would, and some would not; otherwise that is not known either.
        is_certain: bool,
    },
    /// What allowed it would allow it.
    SameCircumstances,
    /// What allowed it would deny it.
    OtherCircumstances,
    /// Allowed if these condition keys were absent.
    AllowedWithout(Vec<String>),
    /// CloudTrail does not tell these condition keys.
    KeysNotTold(Vec<String>),
    /// Allowed if this holds.
    AllowedIf(Box<Formula>),
}

/// What denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a layer, and how")]
pub struct Denial {
    /// The layer.
    pub layer: Layer,
    /// By a Deny, not for want of an Allow.
    pub is_explicit: bool,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denial) => denial.fmt(f),
            Self::DeniedIfChecked(denial) => write!(f, "if AWS checked it: {denial}"),
            Self::AllowedWithout(keys) => write!(f, "allowed if {} were absent", keys.join(", ")),
            Self::KeysNotTold(keys) => write!(f, "CloudTrail does not tell {}", keys.join(", ")),
            Self::AllowedIf(formula) => write!(f, "allowed if {formula}"),
            plain => f.write_str(plain.words().0),
        }
    }
}

impl Why {
    /// The same in Japanese.
    #[must_use]
    pub fn japanese(&self) -> String {
        match self {
            Self::Denied(denial) => denial.japanese(),
            Self::DeniedIfChecked(denial) => format!("AWS が確認していた場合：{}", denial.japanese()),
            Self::AllowedWithout(keys) => format!("{} がなければ許可", keys.join("、")),
            Self::KeysNotTold(keys) => format!("{} は CloudTrail に記録されない", keys.join("、")),
            Self::AllowedIf(formula) => format!("次が成り立てば許可：{}", in_japanese(formula)),
            plain => plain.words().1.to_owned(),
        }
    }

    /// What is said without data, in English and in Japanese.
    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Untraced => (
                "how its session was made is not in this trail, and the role's trust policy would change",
                "セッションがどう作られたかがこの証跡になく、ロールの信頼ポリシーが変わる",
            ),
            Self::UntracedKey => (
                "how its session was made is not in this trail, and it may have been made with the access key that would be gone",
                "セッションがどう作られたかがこの証跡になく、無効になるアクセスキーで作られた可能性がある",
            ),
            Self::Throttled => ("throttled", "スロットリングされた"),
            Self::UnexplainedLoss => (
                "it succeeded though the policies of the snapshot deny it, and what would change may be what allowed it",
                "スナップショットのポリシーでは拒否されるはずの呼び出しが成功しており、変更される内容がそれを許可していた可能性がある",
            ),
            Self::NotAuthorized => ("not a call that IAM authorizes", "IAM が認可する呼び出しではない"),
            Self::Nobody => ("no principal of this estate", "対象のプリンシパルではない"),
            Self::DeniedThen => ("denied then", "当時も拒否された"),
            Self::CallerNotGiven => {
                ("its caller is not in the snapshots", "呼び出し元がスナップショットにない")
            }
            Self::Former => (
                "made by somebody else, who had this name before",
                "以前この名前だった別のユーザーまたはロールによる",
            ),
            Self::KeyGone => (
                "its access key, or the key or session that its session was made from, would not work",
                "アクセスキー、またはセッションの元となったキーやセッションが使えなくなる",
            ),
            Self::KeyNotTold => (
                "the event does not tell with which access key, and it may be the one that would be gone",
                "使われたアクセスキーがイベントに記録されておらず、無効になるキーだった可能性がある",
            ),
            Self::PasswordGone => ("the console password would be gone", "コンソールのパスワードがなくなる"),
            Self::CallerGone => {
                ("the user or role that made it would be gone", "呼び出したユーザーまたはロールがなくなる")
            }
            Self::CalledUponGone => (
                "the user, group or role that it is about would be gone",
                "対象のユーザー、グループ、ロールがなくなる",
            ),
            Self::ProviderGone => ("the identity provider would be gone", "ID プロバイダーがなくなる"),
            Self::ProviderAltered => (
                "the event does not tell what the token was for, and the identity provider would take less",
                "トークンの対象者がイベントに記録されておらず、ID プロバイダーの設定が狭くなる",
            ),
            Self::NothingChanges => ("nothing that decides it changes", "判定に関わるものは何も変わらない"),
            Self::BodyMissing => (
                "CloudTrail left the request out of the event",
                "CloudTrail がイベントにリクエストの内容を残していない",
            ),
            Self::NotMapped => {
                ("which permissions this call needs is not known", "この呼び出しに必要な許可が分からない")
            }
            Self::WouldBeAllowed => ("would be allowed", "許可されるようになる"),
            Self::NotNeeded => ("not needed then", "当時は必要でなかった"),
            Self::Allowed => ("allowed", "許可"),
            Self::NoResourceLost => ("no resource is lost", "対象から外れるリソースはない"),
            Self::ResourceNotTold { is_certain: true } => (
                "the event does not tell the resource, and only some would be allowed",
                "イベントにリソースの記録がなく、一部のリソースだけが許可される",
            ),
            Self::ResourceNotTold { is_certain: false } => (
                "the event does not tell the resource, and perhaps some would be allowed",
                "イベントにリソースの記録がなく、一部のリソースは許可される可能性がある",
            ),
            Self::SameCircumstances => ("what allowed it would", "許可していた条件のもとで、引き続き許可"),
            Self::OtherCircumstances => {
                ("what allowed it would deny it", "許可していた条件のもとで、拒否に変わる")
            }
            Self::Denied(_)
            | Self::DeniedIfChecked(_)
            | Self::AllowedWithout(_)
            | Self::KeysNotTold(_)
            | Self::AllowedIf(_) => ("", ""),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.layer;
        if self.is_explicit {
            write!(f, "denied explicitly by {layer}")
        } else {
            write!(f, "not allowed by {layer}")
        }
    }
}

impl Denial {
    fn japanese(self) -> String {
        let layer = layer_in_japanese(self.layer);
        if self.is_explicit {
            format!("{layer}が明示的に拒否")
        } else {
            format!("{layer}に許可がない")
        }
    }
}

fn layer_in_japanese(layer: Layer) -> &'static str {
    match layer {
        Layer::Aws => "AWS 自体（ポリシーでは許可できない操作）",
        Layer::Credential => "認証情報の種類",
        Layer::ServiceControl => "サービスコントロールポリシー（SCP）",
        Layer::ResourceControl => "リソースコントロールポリシー（RCP）",
        Layer::Endpoint => "VPC エンドポイントポリシー",
        Layer::Identity => "アイデンティティベースのポリシー",
        Layer::Resource => "リソースベースのポリシー",
        Layer::Boundary => "アクセス許可の境界",
        Layer::Session => "セッションポリシー",
        Layer::BlockPublicAccess => "S3 ブロックパブリックアクセス",
    }
}

fn in_japanese(formula: &Formula) -> String {
    let Some(ways) = formula.ways() else {
        return format!("{} 個の不明な条件の組み合わせ", formula.atoms().len());
    };
    if ways.is_empty() {
        return "成り立つことはない".to_owned();
    }
    let term = |(atom, truth): &(&Atom, bool)| {
        let atom = atom_in_japanese(atom);
        if *truth { atom } else { format!("「{atom}」でない") }
    };
    let text = |way: &Vec<(&Atom, bool)>| {
        if way.is_empty() {
            "常に".to_owned()
        } else {
            way.iter().map(term).collect::<Vec<_>>().join("、かつ ")
        }
    };
    ways.iter().map(text).collect::<Vec<_>>().join("、または ")
}

fn atom_in_japanese(atom: &Atom) -> String {
    let missing = |document: &MissingDocument| {
        format!("{}（{}、未提供）", document.name, layer_in_japanese(document.layer))
    };
    match atom {
        Atom::Condition { operator, key, values, .. } => {
            format!("条件 {operator} {key} {}", values.join(" | "))
        }
        Atom::Resource { pattern, .. } => format!("リソースが {pattern}"),
        Atom::Unevaluable { operator, key } => format!("条件 {operator} {key}（言語にない演算子）"),
        Atom::Undocumented { action, pattern } => {
            format!("AWS が {action} を {pattern} と照合する（文書化されていない）")
        }
        Atom::Principal { principal } => format!("呼び出し元が {principal}"),
        Atom::Credential { key } => format!("認証情報が合う（{key}）"),
        Atom::MissingAllows(document) => format!("{}が許可", missing(document)),
        Atom::MissingDenies(document) => format!("{}が拒否", missing(document)),
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Ord for Why {
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

impl PartialOrd for Why {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Why {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Why {}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use kagimori_policy::formula::{Atom, Formula};
    use kagimori_policy::policies::{Layer, MissingDocument};

    use super::{Denial, Why};

    const LAYERS: [Layer; 10] = [
        Layer::Aws,
        Layer::Credential,
        Layer::ServiceControl,
        Layer::ResourceControl,
        Layer::Endpoint,
        Layer::Identity,
        Layer::Resource,
        Layer::Boundary,
        Layer::Session,
        Layer::BlockPublicAccess,
    ];

    fn atoms() -> Vec<Atom> {
        let text = str::to_owned;
        let missing = MissingDocument { layer: Layer::Identity, name: text("ferry-web") };
        let (operator, key) = (text("StringEquals"), text("aws:SourceVpc"));
        vec![
            Atom::Condition {
                operator: operator.clone(),
                key: key.clone(),
                values: vec![text("vpc-1")],
                missing: vec![text("aws:sourcevpc")],
            },
            Atom::Resource {
                pattern: text("arn:aws:s3:::${aws:username}"),
                missing: vec![text("aws:username")],
            },
            Atom::Unevaluable { operator, key: key.clone() },
            Atom::Undocumented { action: text("ssm:ListCommands"), pattern: text("arn:aws:ssm:*:*:*") },
            Atom::Principal { principal: text("79a59df900b949e55d96a1e698fbaced") },
            Atom::Credential { key },
            Atom::MissingAllows(missing.clone()),
            Atom::MissingDenies(missing),
        ]
    }

    /// One of each, and each with all that it can hold.
    pub(crate) fn every() -> Vec<Why> {
        let keys = || vec!["aws:sourcevpc".to_owned(), "aws:username".to_owned()];
        let mut all = vec![
            Why::Untraced,
            Why::UntracedKey,
            Why::Throttled,
            Why::NotAuthorized,
            Why::Nobody,
            Why::DeniedThen,
            Why::CallerNotGiven,
            Why::Former,
            Why::KeyGone,
            Why::KeyNotTold,
            Why::PasswordGone,
            Why::CallerGone,
            Why::CalledUponGone,
            Why::ProviderGone,
            Why::ProviderAltered,
            Why::NothingChanges,
            Why::BodyMissing,
            Why::NotMapped,
            Why::WouldBeAllowed,
            Why::NotNeeded,
            Why::Allowed,
            Why::NoResourceLost,
            Why::ResourceNotTold { is_certain: true },
            Why::ResourceNotTold { is_certain: false },
            Why::SameCircumstances,
            Why::OtherCircumstances,
            Why::AllowedWithout(keys()),
            Why::KeysNotTold(keys()),
        ];
        for layer in LAYERS {
            for is_explicit in [false, true] {
                let denial = Denial { layer, is_explicit };
                all.extend([Why::Denied(denial), Why::DeniedIfChecked(denial)]);
            }
        }
        for atom in atoms() {
            let plain = Formula::Atom(atom);
            all.push(Why::AllowedIf(Box::new(plain.clone().negate())));
            all.push(Why::AllowedIf(Box::new(plain)));
        }
        let whole = atoms().into_iter().map(Formula::Atom);
        all.push(Why::AllowedIf(Box::new(Formula::all(whole.clone()))));
        all.push(Why::AllowedIf(Box::new(Formula::any(whole))));
        all.extend([Formula::TRUE, Formula::Constant(false)].map(|one| Why::AllowedIf(Box::new(one))));
        all
    }

    #[test]
    fn every_reason_is_told_in_both_languages() {
        let (mut english, mut japanese) = (BTreeSet::new(), BTreeSet::new());
        for why in every() {
            let (en, ja) = (why.to_string(), why.japanese());
            assert!(!en.is_empty() && en.is_ascii(), "{why:?}: {en}");
            assert!(
                ja.chars().any(|one| matches!(one, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')),
                "{ja}"
            );
            for word in [" the ", " not ", " if ", " would ", " allowed", " denied", " and ", " or "] {
                assert!(!ja.contains(word), "English in Japanese: {ja}");
            }
            assert!(english.insert(en), "{why:?} says what another says");
            assert!(japanese.insert(ja), "{why:?} says what another says, in Japanese");
        }
    }

    #[test]
    fn data_stands_in_both() {
        for why in every() {
            let (Why::AllowedWithout(keys) | Why::KeysNotTold(keys)) = &why else { continue };
            for key in keys {
                assert!(why.to_string().contains(key) && why.japanese().contains(key), "{why:?}");
            }
        }
    }
}
