//! What the rules say no with, in both languages.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use kagimori_custody::Refusal;

use crate::desk::DeskError;
use crate::hints;
use crate::language::Language;
use crate::page::refusal::Refused;
use crate::proof::ProofError;

/// A refusal of the desk as a page.
pub(crate) fn refused(l: Language, error: &DeskError) -> Refused {
    let (title, next) = words(l, error);
    Refused::new(status(error), l, title, next)
}

/// As a problem (RFC 9457), for scripts.
pub(crate) fn problem_of(l: Language, error: &DeskError) -> Response {
    let (title, next) = words(l, error);
    let code = word(error);
    let body = serde_json::json!({ "type": format!("urn:kagimori:{code}"), "title": title, "detail": next, "status": status(error).as_u16() });
    (status(error), [(CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

/// A problem of its own words.
pub(crate) fn problem(l: Language, status: StatusCode, what: &str) -> Response {
    let title = if what == "?" {
        l.of("there is nothing here", "該当するものがありません")
    } else {
        what
    };
    let body = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
    let mut response = (status, Json(body)).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/problem+json"));
    response
}

/// The stable name of a refusal.
pub(crate) fn word(error: &DeskError) -> &'static str {
    match error {
        DeskError::Refused(refusal) => refusal.word(),
        DeskError::Proof(_) => "proof",
        DeskError::Vault(_) => "vault",
        DeskError::Witness(_) => "witness",
        DeskError::RolledBack { .. } => "rolled_back",
        DeskError::NothingLost => "nothing_lost",
        DeskError::Journal(_) | DeskError::Log(_) | DeskError::Broken => "desk",
    }
}

/// What a refusal is over HTTP.
pub(crate) fn status(error: &DeskError) -> StatusCode {
    match error {
        DeskError::Refused(refusal) => match **refusal {
            Refusal::NoRequest(_) => StatusCode::NOT_FOUND,
            Refusal::Empty(_)
            | Refusal::Text(_)
            | Refusal::Window(..)
            | Refusal::Mode
            | Refusal::Faults(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::NotRequester(..)
            | Refusal::NotProgram(_)
            | Refusal::NotApprover(_)
            | Refusal::OwnRequest
            | Refusal::Key(_)
            | Refusal::NotTheirs(_)
            | Refusal::NotOperator(_)
            | Refusal::TookPart(_)
            | Refusal::Place => StatusCode::FORBIDDEN,
            Refusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::CONFLICT,
        },
        DeskError::Proof(_) => StatusCode::FORBIDDEN,
        DeskError::RolledBack { .. } | DeskError::NothingLost => StatusCode::CONFLICT,
        DeskError::Vault(error) if error.is_refusal => StatusCode::CONFLICT,
        DeskError::Vault(_) | DeskError::Witness(_) => StatusCode::SERVICE_UNAVAILABLE,
        DeskError::Journal(_) | DeskError::Log(_) | DeskError::Broken => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What happened, and what to do next.
pub(crate) fn words(l: Language, error: &DeskError) -> (String, String) {
    let en = || (capital(&error.to_string()), capital(&hint(error)));
    match (l, error) {
        (Language::En, _) => en(),
        (Language::Ja, DeskError::Refused(refusal)) => japanese(refusal),
        (Language::Ja, DeskError::Proof(ProofError::Stale)) => (
            "この署名はすでに使われたか、期限が切れています".to_owned(),
            "画面を読み込み直し、もう一度パスキーで署名してください。".to_owned(),
        ),
        (Language::Ja, DeskError::Proof(_)) => (
            "パスキーの署名を確認できませんでした".to_owned(),
            "登録済みのパスキーで、もう一度お試しください。".to_owned(),
        ),
        (Language::Ja, DeskError::Vault(error)) if error.is_refusal => (
            format!("保管庫（vault）が拒否しました: {}", error.what),
            "申請の画面を確認してください。コードは発行されていません。".to_owned(),
        ),
        (Language::Ja, DeskError::Vault(_)) => (
            "保管庫（vault）が応答しません".to_owned(),
            "稼働状況の画面を確認し、デスクの管理者に知らせてください。コードは発行されていません。"
                .to_owned(),
        ),
        (Language::Ja, DeskError::RolledBack { lost }) => (
            format!("監査記録の末尾 {lost} 件が失われているため、受け付けられません"),
            "「失われた記録」の画面から、定足数の承認で新しいエポックを開始してください。".to_owned(),
        ),
        (Language::Ja, DeskError::NothingLost) => {
            ("失われた記録と申請の内容が一致しません".to_owned(), "画面を読み込み直してください。".to_owned())
        }
        (Language::Ja, DeskError::Witness(_)) => (
            "証人（witness）の署名が得られません".to_owned(),
            "証人が復旧するまでコードは表示されません。デスクの管理者に知らせてください。".to_owned(),
        ),
        (Language::Ja, _) => (
            "記録を書き込めないため、実行しませんでした".to_owned(),
            "デスクの管理者に知らせてください（ディスクの空き容量と権限を確認します）。".to_owned(),
        ),
    }
}

fn hint(error: &DeskError) -> String {
    match error {
        DeskError::Refused(refusal) => refusal.hint().to_owned(),
        DeskError::Proof(ProofError::Passkey(error)) => error.hint().to_owned(),
        DeskError::Proof(ProofError::Key) => {
            "sign with a passkey that is enrolled for you; People & policy lists them".to_owned()
        }
        DeskError::Proof(_) => "load the page again, and use the passkey once more".to_owned(),
        DeskError::Vault(error) => error.hint.clone(),
        DeskError::RolledBack { .. } => {
            "ask for a new epoch on the page `/rollback`, which a quorum begins".to_owned()
        }
        DeskError::NothingLost => "load the page again".to_owned(),
        DeskError::Witness(_) => {
            "no code is shown before the witness answers; tell the people who run the desk".to_owned()
        }
        DeskError::Journal(error) => format!("nothing was done; {}", hints::of_journal(error)),
        DeskError::Log(_) | DeskError::Broken => {
            "nothing was done; run `kagimori-desk doctor` on the desk's host".to_owned()
        }
    }
}

/// A sentence of a page begins with a capital and ends with a full stop only where it is a hint.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn japanese(refusal: &Refusal) -> (String, String) {
    let (what, next) = match refusal {
        Refusal::NotFounded => {
            ("このデスクにはまだ規則がありません", "`kagimori-desk init` で開設してください。")
        }
        Refusal::Founded => ("このデスクにはすでに規則があります", "規則の変更は申請によって行います。"),
        Refusal::OtherPolicy => ("規則が変更されています", "画面を読み込み直してください。"),
        Refusal::TimeBack(_) => (
            "時計が最後の記録より前を指しています",
            "時刻同期（chrony）を直してください。それまで何も受け付けません。",
        ),
        Refusal::NoRequest(_) => ("その申請はありません", "申請の一覧から選んでください。"),
        Refusal::IdUsed(_) => ("その番号の申請はすでにあります", "もう一度申請してください。"),
        Refusal::NoPerson(_) => ("規則に登録されていない人です", "規則の変更を申請して登録してください。"),
        Refusal::Empty(_) => {
            ("空欄の項目があります", "承認者とレビュー担当者が読みます。短く理由を書いてください。")
        }
        Refusal::Text(_) => {
            ("長すぎるか、表示できない文字が含まれています", "短くし、制御文字を除いてください。")
        }
        Refusal::Sealed => ("デスクは封印されています", "封印の解除を申請してください。"),
        Refusal::NotSealed => ("デスクは封印されていません", "対応は不要です。"),
        Refusal::NoRule(_) => ("該当する規則がありません", "規則の変更を申請してください。"),
        Refusal::NotRequester(..) => {
            ("あなたはこの申請を出せません", "申請できる人に依頼するか、規則の変更を申請してください。")
        }
        Refusal::NotProgram(_) => {
            ("プログラムは申請の登録だけを行えます", "申請者の名前で登録してください。")
        }
        Refusal::Window(..) => ("有効時間が規則の上限を超えています", "規則の範囲内の時間を選んでください。"),
        Refusal::Mode => ("この受け取り方は許可されていません", "別の受け取り方を選んでください。"),
        Refusal::TooMany(_) => {
            ("承認待ちの申請が多すぎます", "不要な申請を取り下げるか、判断を待ってください。")
        }
        Refusal::Seed(..) => {
            ("シードがこの操作のできる状態にありません", "root アカウントの一覧を確認してください。")
        }
        Refusal::Faults(_) => {
            ("規則に誤りがあるため適用できません", "指摘された箇所を直して、もう一度申請してください。")
        }
        Refusal::CannotFollow(_) => {
            ("現在の規則の後継にできません", "現在の規則を元に、必要な箇所だけを変更してください。")
        }
        Refusal::NotApprover(_) => {
            ("あなたはこの申請の承認者ではありません", "申請に示されたグループの人が承認します。")
        }
        Refusal::OwnRequest => ("自分の申請は承認できません", "他の人が承認します。"),
        Refusal::Key(_) | Refusal::NoKey(_) => {
            ("この鍵は登録されていないか、無効です", "登録済みで失効していないパスキーを使ってください。")
        }
        Refusal::ApprovedAlready => ("すでに承認しています", "対応は不要です。"),
        Refusal::NoShare => {
            ("シードの鍵の断片が添えられていません", "断片を持つ画面またはコマンドで承認してください。")
        }
        Refusal::Over(_) => {
            ("この申請は終了しています", "新しく申請してください（この申請を参照できます）。")
        }
        Refusal::NotNow(_) => {
            ("今の段階ではできない操作です", "画面を読み込み直すと、次の手順が表示されます。")
        }
        Refusal::TimeOver(_) => ("期限が過ぎています", "新しく申請してください。"),
        Refusal::NotOver(_) => ("まだ期限前です", "待つか、取り下げてください。"),
        Refusal::NotTheirs(_) => {
            ("あなたはこの申請にその操作を行えません", "承認者、監査担当者、または申請者が行います。")
        }
        Refusal::NotOperator(_) => {
            ("あなたはこの申請のオペレーターではありません", "規則に示されたオペレーターが対応します。")
        }
        Refusal::TookPart(_) => {
            ("申請または承認に関わった人は行えません", "関わっていない人が行ってください。")
        }
        Refusal::Place => {
            ("このネットワークからは許可されていません", "規則で許可されたネットワークから操作してください。")
        }
        Refusal::NoQuorum => {
            ("有効な承認が足りません", "承認を追加するか、新しく申請してください（承認には期限があります）。")
        }
        Refusal::NoPin => {
            ("PIN がまだ確認されていません", "申請者の画面に表示された PIN を、オペレーターが入力します。")
        }
        Refusal::RequesterGone(_) => {
            ("申請者はもうこの申請を出せません", "申請できる人が新しく申請してください。")
        }
        Refusal::Clock(_) => {
            ("時計を信頼できません", "時刻同期（chrony）を直してから、もう一度お試しください。")
        }
        Refusal::StepUsed(_) => {
            ("この時間枠のコードはすでに発行されています", "次の時間枠（最大 30 秒）まで待ってください。")
        }
        Refusal::NoViewer => {
            ("コードを表示する画面が開かれていません", "申請者がコードの画面を開いたままにしてください。")
        }
        Refusal::NoMoreCodes => {
            ("承認された数のコードはすべて発行済みです", "さらに必要な場合は新しく申請してください。")
        }
        Refusal::NotThisKind => ("この種類の申請ではできない操作です", "画面を読み込み直してください。"),
        Refusal::NotThisEpoch(_) => (
            "記録の続け方が正しくありません",
            "`kagimori-desk doctor` で証人の記録と比べてから、もう一度申請してください。",
        ),
        Refusal::NoReview => ("レビューは不要です", "対応は不要です。"),
        Refusal::SeedKnown => (
            "このシードは以前に預けられたことがあります",
            "root のコンソールで新しい MFA デバイスを作り、それを預けてください。",
        ),
    };
    (what.to_owned(), next.to_owned())
}
