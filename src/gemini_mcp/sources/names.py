"""Names that are never read, wherever they lie: secrets keep to a few well-known names and folders."""

import re
from fnmatch import fnmatchcase
from pathlib import PurePath

_FILES = (
    ".env*", "*.env", "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc", ".pypirc",
    ".htpasswd", "credentials", "credentials.*", "client_secret*.json", "service[-_]account*.json",
    "application_default_credentials.json", ".git-credentials", ".dockercfg", "secrets.y*ml", "secrets.json",
    "secrets.toml", "kubeconfig", ".vault-token", "*.tfstate*", "*.tfvars*", ".bash_history", ".zsh_history",
    "authorized_keys",
)  # fmt: skip
_FOLDERS = frozenset(
    {".ssh", ".aws", ".gnupg", ".azure", ".kube", ".docker", ".gcloud", "gcloud", ".password-store", ".vault", ".git"}
)
_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist")


def secret_name(path: PurePath) -> str | None:
    """Why a path's name alone forbids reading it, or None. Case does not matter, nor do trailing dots and spaces."""
    parts = [part.lower().rstrip(". ") for part in path.parts]
    if folder := next((part for part in parts[:-1] if part in _FOLDERS), None):
        return f"{folder} holds credentials"
    name = parts[-1] if parts else ""
    if name in _EXAMPLES:
        return None
    # "file::$DATA" and the like name the same file on some systems.
    bare = re.sub(r"(?:~|\.bak|\.old|\.orig|\.swp)+$", "", name.split(":")[0])
    if pattern := next((pattern for pattern in _FILES if fnmatchcase(bare, pattern)), None):
        return f"files named {pattern} may hold secrets"
    return None
