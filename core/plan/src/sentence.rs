//! Verdicts and gaps as sentences, in English and Japanese.

use kagimori_estate::fact::{Gap, GapReason};
use kagimori_trail::origin::{Judgement, Sign};

use crate::check;
use crate::verdict::{FactValue, Outcome, Verdict};

/// A language of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every text has these two")]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

/// How many names of a list a sentence shows.
const NAMES_MAX: usize = 5;

/// What a verdict says, in one sentence.
pub fn sentence(verdict: &Verdict, language: Language) -> String {
    if let Some(missing) = &verdict.gap {
        return gap(missing, language);
    }
    let Some(check) = check::find(verdict.check) else { return verdict.check.to_owned() };
    let template = match (verdict.outcome, language) {
        (Outcome::Pass | Outcome::NotApplicable, _) => return String::new(),
        (_, Language::En) => &check.finding,
        (_, Language::Ja) => &check.finding_ja,
    };
    fill(template, verdict, language)
}

fn fill(template: &str, verdict: &Verdict, language: Language) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, tail)) = after.split_once('}') else { break };
        match verdict.facts.iter().find(|(fact, _)| *fact == name) {
            Some((_, value)) => text.push_str(&words(value, language)),
            None => text.push_str(name),
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

/// A fact in words. Words that rules give in English have their Japanese here.
fn words(value: &FactValue, language: Language) -> String {
    match value {
        FactValue::Number(number) => number.to_string(),
        FactValue::Time(instant) => instant.to_string(),
        FactValue::Text(text) => match language {
            Language::En => text.clone(),
            Language::Ja => in_japanese(text).map_or_else(|| text.clone(), str::to_owned),
        },
        FactValue::List(names) => list(names, language),
    }
}

/// The fixed words that rules put into facts.
const WORDS: &[(&str, &str)] = &[
    ("last used", "最終使用"),
    ("never used, made", "未使用・作成"),
    ("never used in 400 days, made", "400 日間未使用・作成"),
    ("no MFA device", "MFA デバイスなし"),
    ("a virtual MFA device", "仮想 MFA デバイス"),
    (
        "a virtual MFA device beside a passkey or security key",
        "仮想 MFA デバイス（パスキーまたはセキュリティキーを併用）",
    ),
    ("a virtual MFA device beside a hardware token", "仮想 MFA デバイス（ハードウェアトークンを併用）"),
    ("an active signing certificate", "有効な署名証明書"),
    ("credential report", "認証情報レポート"),
    ("none", "未設定"),
    ("off", "無効"),
    ("8, AWS's default without a policy", "8（ポリシー未設定時の AWS の既定値）"),
    ("nobody", "割り当てなし"),
    ("owner", "所有者"),
    ("purpose", "用途"),
    ("ReadOnlyAccess", "ReadOnlyAccess（全リソースの参照）"),
    ("s3:GetObject on everything", "全バケットの s3:GetObject"),
    ("write access", "書き込み権限"),
    ("SSH public key", "SSH 公開鍵"),
    ("signing certificate", "署名証明書"),
    ("every call failed", "すべての呼び出しが失敗"),
    ("only a heartbeat of reads", "定期的な参照のみ"),
    ("address", "送信元アドレス"),
    ("region", "リージョン"),
    ("sts:AssumeRoot, by CloudTrail", "sts:AssumeRoot、CloudTrail による"),
];

fn in_japanese(text: &str) -> Option<&'static str> {
    let judgements = Judgement::ALL.into_iter().map(Judgement::words);
    let signs = Sign::ALL.into_iter().map(Sign::words);
    let mut words = WORDS.iter().copied().chain(judgements).chain(signs);
    words.find(|(english, _)| *english == text).map(|(_, japanese)| japanese)
}

fn list(names: &[String], language: Language) -> String {
    let shown = names.iter().take(NAMES_MAX).map(|name| match language {
        Language::En => name.clone(),
        Language::Ja => in_japanese(name).map_or_else(|| name.clone(), str::to_owned),
    });
    let (separator, more) = match language {
        Language::En => (", ", names.len().saturating_sub(NAMES_MAX)),
        Language::Ja => ("、", names.len().saturating_sub(NAMES_MAX)),
    };
    let mut text = shown.collect::<Vec<_>>().join(separator);
    if more > 0 {
        text.push_str(&match language {
            Language::En => format!(" and {more} more"),
            Language::Ja => format!("、ほか {more} 件"),
        });
    }
    text
}

/// Why something could not be told, in one sentence.
pub fn gap(gap: &Gap, language: Language) -> String {
    let api = gap.dataset.api();
    match language {
        Language::En => gap.to_string(),
        Language::Ja => match &gap.reason {
            GapReason::NotGiven => format!("{api} が未提供です"),
            GapReason::Denied(code) => format!("{api} は AWS に拒否されています（{code}）"),
            GapReason::Unanswered(silence) => {
                format!("{api} に問い合わせましたが、応答がありません（{}）", silence.words().1)
            }
            GapReason::Damaged => format!("{api} を読み取れませんでした"),
            GapReason::Truncated => format!("{api} の最後のページがありません"),
            GapReason::TooOld(days) => format!("{api} は {days} 日前のもので、その後の変化が分かりません"),
            GapReason::FieldAbsent(field) => format!("{api} に `{field}` が含まれていません"),
            GapReason::Contradiction(what) => format!("{api} が別の情報源と矛盾しています（{what}）"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, list};

    #[test]
    fn long_lists_say_what_they_leave_out() {
        let names: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        assert_eq!(list(&names, Language::En), "0, 1, 2, 3, 4 and 3 more");
        assert_eq!(list(&names, Language::Ja), "0、1、2、3、4、ほか 3 件");
    }
}
