//! Where keys live, as a table: what is written, and what must be found there. Keys are made when the test runs.

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use kagimori_source::{Beside, Holding, Kind, Scanner, Sealed, Written};
    use kagimori_testkit::keys;

    const ACCOUNT: u64 = 444_455_556_666;

    fn id(number: u64) -> String {
        keys::id("AKIA", ACCOUNT, number)
    }

    fn scan(bytes: &[u8]) -> Holding {
        Scanner::new().unwrap().scan(bytes)
    }

    /// `1+1` for the first id with the first secret, `1?1|2` for a choice, `1-` for an id alone, `+1` for a secret alone; other kinds by name.
    fn told(bytes: &[u8]) -> String {
        let holding = scan(bytes);
        let number = |is: &dyn Fn(u64) -> bool| {
            (1..=4).find(|number| is(*number)).map_or("x".to_owned(), |number| number.to_string())
        };
        let secret = |secret: &kagimori_source::secret::Secret| {
            number(&|number| *secret == kagimori_source::secret::Secret::new(keys::secret(number).as_bytes()))
        };
        let one = |held: &kagimori_source::Held| {
            let name = number(&|number| {
                held.name == id(number)
                    || held.name == keys::id("ASIA", ACCOUNT, number)
                    || held.name == keys::id("APKA", ACCOUNT, number)
            });
            match (&held.kind, &held.beside) {
                (Kind::SecretAlone, _) => format!("+{}", held.value.as_ref().map(secret).unwrap_or_default()),
                (
                    Kind::AccessKey
                    | Kind::SessionKey
                    | Kind::SignedRequest
                    | Kind::PresignedUrl
                    | Kind::PublicKey,
                    beside,
                ) => match beside {
                    Beside::Paired { secret: value, .. } => format!("{name}+{}", secret(value)),
                    Beside::Possible(list) => {
                        format!(
                            "{name}?{}",
                            list.iter().map(|(_, value)| secret(value)).collect::<Vec<_>>().join("|")
                        )
                    }
                    Beside::Encrypted(by) => format!("{name}!{by}"),
                    _ => format!("{name}-"),
                },
                (kind, _) => format!("{}:{}", kind.word(), held.name),
            }
        };
        holding.held.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// Puts the keys into a text: `I1` … are ids, `S1` … secrets.
    fn fill(text: &str) -> String {
        let mut text = text.to_owned();
        for number in 1..=4 {
            text = text
                .replace(&format!("{{I{number}}}"), &id(number))
                .replace(&format!("{{S{number}}}"), &keys::secret(number));
            text = text.replace(&format!("{{T{number}}}"), &keys::id("ASIA", ACCOUNT, number));
            text = text.replace(&format!("{{P{number}}}"), &keys::id("APKA", ACCOUNT, number));
        }
        text
    }

    /// What a stranger's test material and the public reports of others' misses brought.
    #[test]
    fn keys_are_found_between_what_tools_write() {
        let (i, s, j, t) = (id(1), keys::secret(1), id(2), keys::secret(2));
        let pair = format!("AWS_ACCESS_KEY_ID={i}\nAWS_SECRET_ACCESS_KEY={s}\n");
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let deep =
            quoted(&quoted(&quoted(&format!("{{\"accessKeyId\":\"{i}\",\"secretAccessKey\":\"{s}\"}}"))));
        let wide: Vec<u8> = pair.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (a, b) = i.split_at(7);
        let (c, d) = s.split_at(11);
        let long = "x".repeat(300);
        let table: Vec<(&str, Vec<u8>)> = vec![
            ("a terminal's colours", pair.replace('=', "\u{1b}[0m=\u{1b}[1;32m").into_bytes()),
            ("a mail", pair.replace('=', "=3D").replace("KEY", "K=\r\nEY").into_bytes()),
            ("octal escapes", pair.replace('=', "\\075").replace('\n', "\\012").into_bytes()),
            ("JSON in JSON in JSON", deep.into_bytes()),
            ("a command of PowerShell", format!("-EncodedCommand {}", STANDARD.encode(&wide)).into_bytes()),
            (
                "Shift_JIS",
                [&b"\x83g"[..], i.as_bytes(), b"\x82\xc5\n secret \x83g", s.as_bytes(), b"\x82\xc5"].concat(),
            ),
            (
                "a registry of Windows",
                [
                    b"regf\x01\x02".to_vec(),
                    format!("key\0{i}\0secret\0{s}\0").encode_utf16().flat_map(u16::to_le_bytes).collect(),
                ]
                .concat(),
            ),
            (
                "a document with cut words",
                format!(
                    "<w:p><w:t>{a}</w:t><w:r/><w:t>{b}</w:t></w:p><w:p><w:t>{c}</w:t><w:t>{d}</w:t></w:p>"
                )
                .into_bytes(),
            ),
            (
                "a class of Java",
                [b"\xca\xfe\0\x01\0\x14", i.as_bytes(), b"\x01\0\x28", s.as_bytes(), b"\x01\0\x04Code"]
                    .concat(),
            ),
            (
                "Python's bytecode",
                [b"\xa7\r\r\n\0\0z\x14", i.as_bytes(), b"z\x28", s.as_bytes(), b"N)"].concat(),
            ),
            ("one word", format!("key {i}/{s} works").into_bytes()),
        ];
        for (name, bytes) in table {
            assert_eq!(told(&bytes), "1+1", "{name}");
        }
        let program = [b"\x7fELF\0\0 no such file", i.as_bytes(), b"unexpected end\0"].concat();
        assert_eq!(told(&program), "1-", "strings of Go touch");
        let far = format!(
            "{{a: {{k: '{i}'}}\n{}b: {{aws_secret_key: '{s}'}}}}\n{}{j}\n{t}\n",
            "pass\n".repeat(150),
            "pass\n".repeat(150)
        );
        assert_eq!(told(far.as_bytes()), "1- +1 2+2", "what stands 150 lines apart in one block is no pair");
        let path = format!("id: {i}\nname: mdp/feature1/FdaCompositePipeline2026xyz\n{long}");
        assert_eq!(told(path.as_bytes()), "1-", "a path of forty letters is no secret");
    }

    /// A file of a few megabytes that is all signs is read in its time.
    #[test]
    fn nothing_takes_long_because_there_is_much_of_it() {
        let many: String = (0..1500)
            .map(|number| format!("K{number}_ID={}\nK{number}_SECRET={}\n", id(number), keys::secret(number)))
            .collect();
        assert_eq!(scan(many.as_bytes()).held.len(), 1500);
        for sign in
            ["otpauth://", "signin.aws.amazon.com/console", "\"accessToken\"", "x-at-", "secret=", "AKIA"]
        {
            assert_eq!(scan(sign.repeat(20_000).as_bytes()).held.len(), 0, "{sign}");
        }
    }

    #[test]
    fn keys_are_found_where_they_live() {
        let table: &[(&str, &str, &str)] = &[
            ("1 .env", "AWS_ACCESS_KEY_ID={I1}\nAWS_SECRET_ACCESS_KEY={S1}\n", "1+1"),
            ("2 export", "export AWS_ACCESS_KEY_ID={I1} AWS_SECRET_ACCESS_KEY='{S1}'\n", "1+1"),
            ("3 Dockerfile", "ENV AWS_ACCESS_KEY_ID {I1}\nENV AWS_SECRET_ACCESS_KEY {S1}\n", "1+1"),
            (
                "4 compose list",
                "environment:\n  - AWS_ACCESS_KEY_ID={I1}\n  - AWS_SECRET_ACCESS_KEY={S1}\n",
                "1+1",
            ),
            (
                "4 compose map",
                "a:\n  environment:\n    AWS_ACCESS_KEY_ID: {I1}\n    AWS_SECRET_ACCESS_KEY: \"{S1}\"\nb:\n  environment:\n    AWS_ACCESS_KEY_ID: {I2}\n    AWS_SECRET_ACCESS_KEY: {S2}\n",
                "1+1 2+2",
            ),
            ("5 GitLab", "variables:\n  AWS_ACCESS_KEY_ID: '{I1}'\n  AWS_SECRET_ACCESS_KEY: '{S1}'\n", "1+1"),
            (
                "6 credentials",
                "[a]\naws_access_key_id = {I1}\naws_secret_access_key = {S1}\n[b]\naws_secret_access_key={S2}\naws_access_key_id={I2}\n\n[c]\naws_access_key_id = {I3}\naws_secret_access_key = {S3}\n",
                "1+1 2+2 3+3",
            ),
            ("7 rootkey.csv old", "AWSAccessKeyId={I1}\r\nAWSSecretKey={S1}\r\n", "1+1"),
            ("8 accessKeys.csv", "\u{feff}Access key ID,Secret access key\r\n{I1},{S1}\r\n", "1+1"),
            ("10 PHP", "'credentials' => [\n  'key' => '{I1}',\n  'secret' => '{S1}',\n]", "1+1"),
            (
                "11 boto3",
                "boto3.client(\n    's3',\n    aws_access_key_id='{I1}',\n    aws_secret_access_key='{S1}',\n)\n",
                "1+1",
            ),
            ("12 appsettings", "{\"AWS\": {\"AccessKey\": \"{I1}\", \"SecretKey\": \"{S1}\"}}", "1+1"),
            (
                "13 Spring",
                "cloud:\n  aws:\n    credentials:\n      access-key: {I1}\n      secret-key: {S1}\n",
                "1+1",
            ),
            (
                "15 WordPress",
                "define('AS3CF_SETTINGS', serialize(array(\n 'access-key-id' => '{I1}',\n 'secret-access-key' => '{S1}',\n)));",
                "1+1",
            ),
            ("16 passwd-s3fs", "{I1}:{S1}\n", "1+1"),
            (
                "16 Hadoop",
                "<configuration>\n<property><name>fs.s3a.access.key</name><value>{I1}</value></property>\n<property><name>fs.s3a.secret.key</name><value>{S1}</value></property>\n</configuration>",
                "1+1",
            ),
            (
                "18 provider",
                "provider \"aws\" {\n  access_key = \"{I1}\"\n  secret_key = \"{S1}\"\n}\n",
                "1+1",
            ),
            (
                "19 ECS",
                "{\"containerDefinitions\": [{\"environment\": [{\"name\": \"AWS_ACCESS_KEY_ID\", \"value\": \"{I1}\"}, {\"name\": \"AWS_SECRET_ACCESS_KEY\", \"value\": \"{S1}\"}]}]}",
                "1+1",
            ),
            (
                "23 Jenkins",
                "<com.cloudbees.AWSCredentialsImpl><accessKey>{I1}</accessKey><secretKey>{AQAAABAAAAAwabc=}</secretKey></com.cloudbees.AWSCredentialsImpl>",
                "1!Jenkins",
            ),
            (
                "24 notebook",
                "{\"source\": [\"key = \\\"{I1}\\\"\\n\", \"aws_secret_access_key = \\\"{S1}\\\"\\n\"]}",
                "1+1",
            ),
            ("35 Shift_JIS and full width", "鍵{I1}：アクセスキー\nシークレットアクセスキー：{S1}\n", "1+1"),
            ("39 secret first", "aws_secret_access_key = {S1}\naws_access_key_id = {I1}\n", "1+1"),
            (
                "39 two pairs in one map",
                "{\"prodAccessKeyId\": \"{I1}\", \"devAccessKeyId\": \"{I2}\", \"prodSecretAccessKey\": \"{S1}\", \"devSecretAccessKey\": \"{S2}\"}",
                "1+1 2+2",
            ),
            (
                "39 an old line",
                "AWS_ACCESS_KEY_ID={I1}\n# AWS_SECRET_ACCESS_KEY={S2}\nAWS_SECRET_ACCESS_KEY={S1}\n",
                "1?2|1",
            ),
            ("id alone", "aws iam delete-access-key --access-key-id {I1}\n", "1-"),
            ("secret alone", "aws_secret_access_key = {S1}\n", "+1"),
            ("git remote with s3", "url = s3://{I1}:{S1}@bucket/path\n", "1+1"),
            (
                "26 nginx log",
                "GET / HTTP/1.1\" 200 \"AWS4-HMAC-SHA256 Credential={I1}/20260901/ap-northeast-1/s3/aws4_request, SignedHeaders=host, Signature=abc\"",
                "1-",
            ),
            ("30 SSH", "Host git-codecommit\n  User {P1}\n", "1-"),
            (
                "31 session",
                "{\"AccessKeyId\": \"{T1}\", \"SecretAccessKey\": \"{S1}\", \"Expiration\": \"2026-11-29T01:02:03Z\"}",
                "1+1",
            ),
            (
                "a checksum beside",
                "key = {I1}\nsha1 = da39a3ee5e6b4b0d3255bfef95601890afd80709\nintegrity=p7Rk2/QmX9sTvB4nLw8+ZcYdHf3GjKa6UeNo1iSx\n",
                "1-",
            ),
        ];
        for (what, text, expected) in table {
            assert_eq!(told(fill(text).as_bytes()), *expected, "{what}");
        }
    }

    #[test]
    fn keys_are_found_however_they_are_written() {
        let (id, secret) = (id(1), keys::secret(1));
        let file = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        let code = |text: &str| STANDARD.encode(text);
        let wide = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect()
        };
        let percent = secret.replace('/', "%2F").replace('+', "%2B");
        let slashes = secret.replace('/', "\\/");
        let (head, tail) = id.split_at(9);
        let (left, right) = secret.split_at(18);
        let wrapped: String = code(&file.repeat(2))
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
            .collect();
        let gzip = gzipped(file.as_bytes());
        let table: Vec<(&str, Vec<u8>, &[Written])> = vec![
            ("UTF-16 LE", wide(&file, false), &[Written::Utf16]),
            ("UTF-16 BE with a mark", [vec![0xfe, 0xff], wide(&file, true)].concat(), &[Written::Utf16]),
            (
                "base64 of a file",
                format!("data:\n  credentials: {}\n", code(&file)).into_bytes(),
                &[Written::Base64],
            ),
            ("base64 twice", code(&code(&file)).into_bytes(), &[Written::Base64, Written::Base64]),
            (
                "base64 per value",
                format!(
                    "data:\n  AWS_ACCESS_KEY_ID: {}\n  AWS_SECRET_ACCESS_KEY: {}\n",
                    code(&id),
                    code(&secret)
                )
                .into_bytes(),
                &[Written::Base64],
            ),
            ("base64 over lines", wrapped.into_bytes(), &[Written::Base64]),
            ("gzip in base64", STANDARD.encode(&gzip).into_bytes(), &[Written::Base64, Written::Gzip]),
            ("percent signs", format!("s3://{id}:{percent}@bucket").into_bytes(), &[]),
            (
                "JSON slashes",
                format!("{{\"accessKeyId\":\"{id}\",\"secretAccessKey\":\"{slashes}\"}}").into_bytes(),
                &[],
            ),
            (
                "in pieces",
                format!("id = \"{head}\" +\n  \"{tail}\"\nsecret_key = \"{left}\" + \"{right}\"\n")
                    .into_bytes(),
                &[Written::Pieces],
            ),
            (
                "PHP in pieces",
                format!("$id = '{head}' . '{tail}';\n$secretKey = '{left}' .\n '{right}';\n").into_bytes(),
                &[Written::Pieces],
            ),
            (
                "wide letters amid bytes",
                [
                    b"\x7fELF\x01\x02\x80\x90".to_vec(),
                    wide(&format!("{id} SecretAccessKey={secret}"), false),
                    vec![0xff, 0xfe, 0x81],
                ]
                .concat(),
                &[Written::Utf16],
            ),
            (
                "strings of a program",
                [b"\x7fELF\x02\0\x01".as_slice(), id.as_bytes(), b"\0", secret.as_bytes(), b"\0libc"]
                    .concat(),
                &[],
            ),
        ];
        for (what, bytes, written) in table {
            assert!(told(&bytes).starts_with("1+1"), "{what}: {}", told(&bytes));
            assert_eq!(scan(&bytes).held[0].written, written, "{what}");
        }
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn what_is_no_key_is_told_as_what_it_is() {
        let table = [
        ("44 AWS's example", "aws_access_key_id=AKIAIOSFODNN7EXAMPLE\naws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n".to_owned()),
        ("45 placeholders", "AWS_ACCESS_KEY_ID=AKIAXXXXXXXXXXXXXXXX\nAWS_SECRET_ACCESS_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".to_owned()),
        ("46 ids of roles", fill("AROADBQP57FF2AEXAMPLE AIDACKCEVSQ6C2EXAMPLE")),
        ("47 in a lock file", format!("\"integrity\": \"sha512-q3Zr9/Ab+{}kX3vB9pQ7==\"", id(1))),
        ("48 a checksum near aws", "aws_secret_key_sha = da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned()),
        ("49 0, 1, 8, 9", "AKIA0189018901890189".to_owned()),
    ];
        for (what, text) in table {
            assert_eq!(told(text.as_bytes()), "", "{what}");
        }
        assert_eq!(scan(b"aws_access_key_id=AKIAIOSFODNN7EXAMPLE").examples, 1);
        assert_eq!(scan(b"$ANSIBLE_VAULT;1.1;AES256\n6162").sealed, Some(Sealed::AnsibleVault));
        assert_eq!(scan(b"key: ENC[AES256_GCM,data:abc]").sealed, Some(Sealed::Sops));
    }

    #[test]
    fn other_credentials_are_told() {
        let secret = keys::secret(2);
        let seed = "otpauth://totp/Amazon%20Web%20Services:root@444455556666?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Amazon";
        let bedrock = STANDARD.encode(format!("BedrockAPIKey-h2k1-at-444455556666:{secret}{secret}"));
        let table = [
        (format!("https://hana-at-444455556666:{secret}abcd%3D@git-codecommit.ap-northeast-1.amazonaws.com\n"), "service-password:hana-at-444455556666"),
        (format!("machine x login hana+1-at-444455556666 password {secret}=\n"), "service-password:hana+1-at-444455556666"),
        (format!("MFA: {seed}\n"), "mfa-seed:root@444455556666"),
        (format!("AWS_BEARER_TOKEN_BEDROCK=ABSK{bedrock}\n"), "bedrock-key:BedrockAPIKey-h2k1-at-444455556666"),
        ("User name,Password,Console login link\nhana,p4ss!word,https://444455556666.signin.aws.amazon.com/console\n".to_owned(), "console-password:hana@444455556666"),
    ];
        for (text, expected) in table {
            assert_eq!(told(text.as_bytes()), expected);
        }
    }

    #[test]
    fn signed_urls_tell_when_they_end_and_prove_their_secret() {
        let url = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=IDID%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeee";
        let holding = scan(url.replace("IDID", &id(1)).as_bytes());
        let held = &holding.held[0];
        assert_eq!((held.kind, held.claims.len()), (Kind::PresignedUrl, 1));
        assert_eq!(held.expires.unwrap().to_string(), "2013-05-25T00:00:00Z");
        assert_eq!(held.signing.as_ref().unwrap().service, "s3");
    }

    #[test]
    fn places_are_told_by_line_and_column() {
        let holding = scan(fill("a\n\n  id: {I1}\n  secret_key: {S1}\n").as_bytes());
        let held = &holding.held[0];
        assert_eq!((held.line, held.column, held.length), (3, 7, 20));
        let Beside::Paired { line, .. } = held.beside else { panic!("{held:?}") };
        assert_eq!(line, 4);
        assert!(!format!("{holding:?}").contains(&keys::secret(1)));
    }
}
