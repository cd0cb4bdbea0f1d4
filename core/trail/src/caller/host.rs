//! Where a program runs, as the kernel in its user agent tells.
//!
//! SDKs write it as `os/linux#6.8.0-1021-azure` (user agent 2.x) or `Linux/6.8.0-1021-azure` (before). Go's and most of
//! Rust's tell the system alone; then nothing is told here.

use serde::Serialize;

/// Where a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Host {
    /// A kernel of Amazon Linux, Bottlerocket, or Ubuntu for AWS: EC2, and what runs on it. (Amazon Linux in a machine
    /// elsewhere is rare; hosted machines of CircleCI are on EC2, too.)
    Aws,
    /// A kernel for Azure. Hosted runners of GitHub and Azure DevOps, and Codespaces, are there.
    Azure,
    /// A kernel for Google's cloud. Hosted runners of GitLab are there.
    GoogleCloud,
    /// A kernel for another cloud: Oracle, Linode.
    OtherCloud,
    /// macOS, Windows' subsystem for Linux, Docker Desktop: a person's computer.
    PersonalComputer,
    /// Windows: a person's computer or a server.
    Windows,
}

/// Ends of kernels, as distributions for clouds name them.
const KERNELS: [(&str, Host); 8] = [
    ("-aws", Host::Aws),
    ("-azure", Host::Azure),
    ("-gcp", Host::GoogleCloud),
    ("-gke", Host::GoogleCloud),
    ("-oracle", Host::OtherCloud),
    ("-linode", Host::OtherCloud),
    ("-microsoft-standard-wsl2", Host::PersonalComputer),
    ("-linuxkit", Host::PersonalComputer),
];

impl Host {
    /// Its name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::GoogleCloud => "google-cloud",
            Self::OtherCloud => "other-cloud",
            Self::PersonalComputer => "personal-computer",
            Self::Windows => "windows",
        }
    }

    /// By a user agent.
    pub(super) fn of(agent: &str) -> Option<Self> {
        let (system, kernel) = system(agent)?;
        let kernel = kernel.to_ascii_lowercase();
        match system.to_ascii_lowercase().as_str() {
            "darwin" | "macos" => Some(Self::PersonalComputer),
            "windows" => Some(Self::Windows),
            _ => of_linux(&kernel),
        }
    }
}

fn of_linux(kernel: &str) -> Option<Host> {
    let is_amazons =
        [".amzn1.", ".amzn2.", ".amzn2023.", ".bottlerocket"].iter().any(|word| kernel.contains(word));
    if is_amazons || kernel.ends_with(".amzn1") || kernel.ends_with(".amzn2") || kernel.ends_with(".amzn2023")
    {
        return Some(Host::Aws);
    }
    // Container-Optimized OS has a bare plus behind the number: `6.1.112+`.
    let is_bare_plus = kernel
        .strip_suffix('+')
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
    if is_bare_plus && !kernel.starts_with('+') {
        return Some(Host::GoogleCloud);
    }
    KERNELS.iter().find(|(end, _)| kernel.ends_with(end)).map(|(_, host)| *host)
}

/// The system and its kernel: the words `os/SYSTEM#KERNEL`, else `SYSTEM/KERNEL`. The system alone has an empty kernel.
pub(super) fn system(agent: &str) -> Option<(&str, &str)> {
    let words = || agent.split([' ', ';', ',', '(', ')']);
    // PHP's writes `OS/Linux#5.15.0-94-generic`, and before 2.0 `OS/Linux/5.15.0-94-generic`.
    let of_php = |word| str::strip_prefix(word, "OS/").filter(|rest| rest.starts_with("Linux"));
    let told = words().find_map(|word| word.strip_prefix("os/").or_else(|| of_php(word)));
    if let Some(told) = told {
        return Some(told.split_once(['#', '/']).unwrap_or((told, "")));
    }
    words().filter_map(|word| word.split_once('/')).find(|(system, _)| {
        ["linux", "darwin", "windows"].iter().any(|known| system.eq_ignore_ascii_case(known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kernels as they stand in public logs and files.
    #[test]
    fn hosts() {
        let rows = [
            (
                "aws-cli/2.4.7 Python/3.8.8 Linux/5.8.0-1040-azure exe/x86_64.ubuntu.20 prompt/off",
                Some(Host::Azure),
            ),
            ("aws-cli/2.15.0 Python/3.11.6 Linux/6.8.0-1052-azure exe/x86_64.ubuntu.24", Some(Host::Azure)),
            (
                "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.1 os/linux#6.1.119-129.201.amzn2023.x86_64 md/arch#x86_64",
                Some(Host::Aws),
            ),
            (
                "Boto3/1.20 Python/3.8.12 Linux/4.14.231-180.360.amzn2.x86_64 exec-env/AWS_Lambda_python3.8",
                Some(Host::Aws),
            ),
            ("aws-cli/2.15.0 Python/3.11 Linux/6.5.0-1014-aws exe/x86_64.ubuntu.22", Some(Host::Aws)),
            ("Boto3/1.34.0 ua/2.1 os/linux#6.1.112+ md/arch#x86_64", Some(Host::GoogleCloud)),
            ("Boto3/1.34.0 ua/2.1 os/linux#5.15.0-1070-gke", Some(Host::GoogleCloud)),
            ("Boto3/1.34.0 ua/2.1 os/linux#5.15.153.1-microsoft-standard-WSL2", Some(Host::PersonalComputer)),
            ("Boto3/1.34.0 ua/2.1 os/linux#6.6.31-linuxkit", Some(Host::PersonalComputer)),
            (
                "aws-cli/2.31.4 md/awscrt#0.27 ua/2.1 os/macos#24.5.0 md/arch#arm64",
                Some(Host::PersonalComputer),
            ),
            ("aws-cli/2.15.0 Python/3.11.6 Darwin/23.1.0 exe/x86_64", Some(Host::PersonalComputer)),
            ("aws-cli/2.15.0 Python/3.11.6 Windows/10 exe/AMD64", Some(Host::Windows)),
            ("aws-sdk-php/3.300.0 OS/Linux/6.5.0-1014-aws lang/php/8.2.20", Some(Host::Aws)),
            ("aws-sdk-php/3.300.0 ua/2.0 OS/Linux#5.15.0-1064-azure lang/php#8.2.20", Some(Host::Azure)),
            ("Boto3/1.34.0 ua/2.1 os/linux#5.15.0-94-generic", None),
            ("Boto3/1.34.0 Python/3.9 Linux/5.14.0-362.el9.x86_64", None),
            ("aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22", None),
            ("aws-sdk-go/1.44 (go1.20; linux; amd64)", None),
            ("app/my-azure", None),
            ("Boto3/1.34.0 ua/2.1 os/linux#+", None),
        ];
        for (agent, expected) in rows {
            assert_eq!(Host::of(agent), expected, "{agent}");
        }
    }
}
