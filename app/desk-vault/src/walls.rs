//! What the process gives up before it listens: dumps of its memory, other files, the network, other system calls. A wall that the kernel
//! does not have is a warning, told on the desk's health page: a machine with fewer walls is better than a team without codes at night.

use std::path::Path;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, geteuid, getrlimit, set_dumpable_behavior, setrlimit,
};

/// Puts the walls up around this process, for good. The sentences are of those that could not be put up.
pub fn up(folder: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    let mut told = |wall: &str, result: Result<(), String>| {
        if let Err(why) = result {
            missing.push(format!("{wall}: {why}"));
        }
    };
    told("no core files", no_core());
    told(
        "not dumpable, not traced",
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| error.to_string()),
    );
    told("memory is not swapped", locked());
    told("no other files (Landlock)", files(folder));
    told("no network, no other system calls (seccomp)", calls());
    missing
}

/// Tries what the walls forbid, and tells what was possible all the same.
///
/// `outside`: a file that is there; `beside`: one that could be.
pub fn holes(outside: &Path, beside: &Path) -> Vec<String> {
    let tried: [(&str, bool); 6] = [
        ("a network socket was made", std::net::UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("a connection was tried", is_tried(std::net::TcpStream::connect("127.0.0.1:9"))),
        ("a socket of another process was tried", is_tried(std::os::unix::net::UnixStream::connect(outside))),
        ("a file outside the folder was read", std::fs::read(outside).is_ok()),
        ("a file outside the folder was made", is_made(beside)),
        ("a program was run", std::process::Command::new("/bin/true").spawn().is_ok()),
    ];
    tried.into_iter().filter(|(_, is_open)| *is_open).map(|(what, _)| what.to_owned()).collect()
}

/// Whether it failed by itself and not by a wall.
fn is_tried<T>(result: std::io::Result<T>) -> bool {
    result.err().is_none_or(|error| error.kind() != std::io::ErrorKind::PermissionDenied)
}

/// Whether a file can be made; then it is taken away.
fn is_made(path: &Path) -> bool {
    let is_made = std::fs::write(path, b"").is_ok();
    drop(std::fs::remove_file(path));
    is_made
}

fn no_core() -> Result<(), String> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|error| error.to_string())
}

/// What the process has now, and what it will have, where there is room for that: beyond its limit it would get no memory at all.
fn locked() -> Result<(), String> {
    const ROOM: u64 = 64 * 1024 * 1024;
    let hint = "set `LimitMEMLOCK=infinity` in its unit";
    let has_room =
        getrlimit(Resource::Memlock).current.is_none_or(|limit| limit >= ROOM) || geteuid().is_root();
    let flags =
        if has_room { MlockAllFlags::CURRENT | MlockAllFlags::FUTURE } else { MlockAllFlags::CURRENT };
    mlockall(flags).map_err(|error| format!("{error}; {hint}"))?;
    if has_room { Ok(()) } else { Err(format!("only what it began with is locked; {hint}")) }
}

/// Its own folder, and nothing else of the file system.
#[cfg(target_os = "linux")]
pub(crate) fn files(folder: &Path) -> Result<(), String> {
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
        RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus,
    };
    let all = AccessFs::from_all(ABI::V5);
    let restricted = || {
        // Without this right (kernels before 5.19) no file could be moved to another folder, and seeds are.
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let ruleset = ruleset.handle_access(AccessFs::Refer)?.set_compatibility(CompatLevel::BestEffort);
        let ruleset = ruleset.handle_access(all)?.handle_access(AccessNet::from_all(ABI::V5))?.create()?;
        let folder = PathBeneath::new(PathFd::new(folder)?, AccessFs::from_all(ABI::V5));
        ruleset.add_rule(folder)?.restrict_self().map_err(Box::<dyn std::error::Error>::from)
    };
    let status = restricted().map_err(|error: Box<dyn std::error::Error>| error.to_string())?;
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced => Err("this kernel has a part of it".to_owned()),
        RulesetStatus::NotEnforced => Err("this kernel does not have it".to_owned()),
    }
}

/// The system calls that a process needs which reads and writes its files and answers on a socket that is there already. Any other fails with
/// `EPERM`: above all those that make or connect sockets, run programs, and look into other processes.
#[cfg(target_os = "linux")]
pub(crate) fn calls() -> Result<(), String> {
    use seccompiler::{SeccompAction, SeccompFilter, apply_filter};
    let arch =
        std::env::consts::ARCH.try_into().map_err(|error: seccompiler::BackendError| error.to_string())?;
    let rules =
        ALLOWED.iter().copied().chain(OF_THIS_ARCH.iter().copied()).map(|call| (call, Vec::new())).collect();
    let eperm = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter =
        SeccompFilter::new(rules, eperm, SeccompAction::Allow, arch).map_err(|error| error.to_string())?;
    let program: seccompiler::BpfProgram =
        filter.try_into().map_err(|error: seccompiler::BackendError| error.to_string())?;
    apply_filter(&program).map_err(|error| error.to_string())
}

#[cfg(target_os = "linux")]
const ALLOWED: &[i64] = &[
    // the socket that is there
    libc::SYS_accept4,
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_getsockname,
    libc::SYS_ppoll,
    libc::SYS_close,
    // its files
    libc::SYS_openat,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_mkdirat,
    libc::SYS_getdents64,
    libc::SYS_fcntl,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_dup,
    libc::SYS_ioctl,
    // memory
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_mlock,
    // clocks, random bytes, locks, signals, the end
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_futex,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_sched_yield,
    libc::SYS_rseq,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_getuid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const OF_THIS_ARCH: &[i64] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_rename,
    libc::SYS_mkdir,
    libc::SYS_unlink,
    libc::SYS_poll,
    libc::SYS_access,
];

#[cfg(all(target_os = "linux", not(target_arch = "x86_64")))]
const OF_THIS_ARCH: &[i64] = &[];

#[cfg(not(target_os = "linux"))]
pub(crate) fn files(_folder: &Path) -> Result<(), String> {
    Err("only Linux has it".to_owned())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn calls() -> Result<(), String> {
    Err("only Linux has it".to_owned())
}
