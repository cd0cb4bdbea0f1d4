//! `kagi hook`: the function by which `kagi use` reaches the shell it is typed in; no program can change its parent.

use std::process::ExitCode;

use kagimori_terminal::printer;

use crate::error::KagiError;

/// For bash and zsh; `local` beside, it is what POSIX has.
const FUNCTIONS: &str = r#"kagi() {
    if [ "${1-}" = use ]; then
        shift
        local kagi_lines kagi_word
        for kagi_word in "$@"; do
            case "$kagi_word" in
                -h | --help | -V | --version) command kagi use "$kagi_word"; return ;;
            esac
        done
        kagi_lines="$(command kagi env --shell bash "$@")" || return
        eval "$kagi_lines"
    else
        command kagi "$@"
    fi
}
kagi_prompt() {
    [ -z "${KAGI_PROFILE-}" ] || printf '(%s%s) ' "$KAGI_PROFILE" "${KAGI_UNTIL:+ until $KAGI_UNTIL}"
}
"#;

/// `kagi hook`
pub(crate) fn run() -> Result<ExitCode, KagiError> {
    printer::data(FUNCTIONS)?;
    Ok(ExitCode::SUCCESS)
}

/// `kagi use` where the function is not.
pub(crate) fn missing() -> KagiError {
    KagiError::argument(
        "a program cannot set the shell it is started from",
        "`eval \"$(kagi hook)\"` makes the function that can, here and in ~/.bashrc or ~/.zshrc; without it: `eval \"$(kagi env \
         PROFILE)\"`",
    )
}
