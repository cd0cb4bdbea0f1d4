//! What changes where: by how the key reaches the program.

use kagimori_trail::caller::CredentialSource;

/// What to take out, in English and in Japanese. Of a source that its clients do not tell: where to look.
pub fn what_changes(source: Option<CredentialSource>) -> (&'static str, &'static str) {
    match source {
        Some(CredentialSource::Code) => (
            "the key stands in the program: delete the arguments (`aws_access_key_id=`, `credentials: {…}`, `StaticCredentialsProvider`, `NewStaticCredentialsProvider`); `kagimori scan` finds the place",
            "キーがプログラムに書かれています。引数（`aws_access_key_id=`、`credentials: {…}`、`StaticCredentialsProvider` など）を削除してください。場所は `kagimori scan` で探せます",
        ),
        Some(CredentialSource::Environment) => (
            "environment variables: delete `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, both, from the task definition, the unit, the CI secret; one that is left beats every role",
            "環境変数 `AWS_ACCESS_KEY_ID` と `AWS_SECRET_ACCESS_KEY` の両方を、タスク定義、systemd ユニット、CI のシークレットから削除してください。残っているとロールより優先されます",
        ),
        Some(CredentialSource::SharedFile) => (
            "a profile of `~/.aws/credentials`: delete it, in images and machine images, too",
            "`~/.aws/credentials` のプロファイルです。コンテナイメージや AMI の中も含めて削除してください",
        ),
        Some(CredentialSource::AssumedRole) => (
            "a profile with `role_arn`: the key is in its `source_profile`; delete that, and let `credential_source` name the place",
            "`role_arn` のプロファイルです。キーは `source_profile` にあります。削除して `credential_source` に置き換えてください",
        ),
        Some(CredentialSource::Process) => (
            "`credential_process` hands the key over: give that program the role",
            "`credential_process` がキーを渡しています。そのプログラムをロールに切り替えてください",
        ),
        Some(CredentialSource::Boto2) => (
            "`boto.cfg` of boto2: that library has no roles of today",
            "boto2 の `boto.cfg` です。現在のロールには対応していません",
        ),
        Some(_) => (
            "the program has a role already: look for the place that still has the key",
            "すでにロールが使われています。キーが残っている場所を探してください",
        ),
        None => (
            "its clients do not tell how the key reaches them: look for environment variables, `~/.aws/credentials` and arguments in the source (`kagimori scan`)",
            "キーの渡し方は分かりません。環境変数、`~/.aws/credentials`、ソースコード（`kagimori scan`）を確認してください",
        ),
    }
}
