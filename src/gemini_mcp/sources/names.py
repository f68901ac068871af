"""Names that are never read, wherever they lie: secrets keep to a few well-known names and folders."""

import re
import unicodedata
from fnmatch import fnmatchcase, translate
from itertools import pairwise
from pathlib import PurePath

_FILES = (
    # environments
    ".env*", "*.env", ".flaskenv",
    # keys
    "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.pkcs12", "*.jks", "*.keystore", "*.bcfks", "*.ppk", "*.keytab",
    "*.agekey", "*.kdbx", "*.kdb", "*.ovpn", "*.mobileprovision", "*.wallet", "wallet.dat", "*.kubeconfig",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "id_xmss*", "*_rsa", "*_dsa", "*_ecdsa", "*_ed25519",
    "ssh_host_*_key", "authorized_keys", "authorized_keys2", "secring.*", "rootkey.csv", "*accesskeys.csv",
    # what programs keep to log in with
    ".netrc*", "_netrc*", ".authinfo*", ".pgpass*", "pgpass.conf", ".my.cnf", ".mylogin.cnf", ".npmrc", ".pypirc",
    ".yarnrc.yml", ".htpasswd", ".htdigest", ".git-credentials", ".dockercfg", ".dockerconfigjson", ".vault-token",
    ".vault_pass*", ".vault-pass*", ".s3cfg", ".boto", ".terraformrc", "terraform.rc", ".rclone.conf", "rclone.conf",
    "krb5cc_*", "credentials", "*credentials.json", "*credentials.csv", "*credentials.y*ml", "client_secret*.json",
    "service[-_ ]account*.json", "serviceaccount*.json", "*firebase-adminsdk*.json", "oauth_creds.json",
    "application_default_credentials.json", "token.json", "local.settings.json", "*.tfstate*", "*.tfvars*",
    "*.secret", "*.secrets", "*[-_.]secrets.y*ml", "*[-_.]secret.y*ml",
    "shadow", "shadow-", "gshadow", "gshadow-", "master.passwd",
    # what people typed, and what browsers keep
    ".*_history", "*_history", ".history", ".zhistory", "cookies", "cookies.sqlite*", "cookies.txt", "login data*",
    "logins.json", "key3.db", "key4.db", "*.keychain", "*.keychain-db",
)  # fmt: skip
_FILES_NOT_OF_CODE = (
    "*.env.local", "*.env.prod*", "*.env.stag*", "*.env.dev*", "*.env.test*", "kubeconfig*", "access[-_ ]keys.*",
)  # fmt: skip
"""Names that a program which handles secrets has for its modules, too."""

_FILES_OF_DATA = (
    "credentials.*", "secret.*", "secrets.*", "passwords.*", "passwords", "*[-_. ]passwords.*", "*[-_. ]logins.*",
)  # fmt: skip
"""Names of chapters of a manual, too."""

_FILES_OF_PROGRAMS = ("auth.json",)
"""Names that mean credentials where programs keep their settings, and a page's texts elsewhere."""

_FOLDERS = frozenset(
    {
        ".ssh", ".aws", ".gnupg", ".azure", ".kube", ".docker", ".gcloud", "gcloud", ".password-store", ".vault",
        ".git", ".oci", ".aliyun", ".bluemix", ".1password", ".op", "keychains", "keyrings", ".mozilla", ".electrum",
        ".bitcoin", ".ethereum", ".secrets", ".credentials", ".terraform.d", ".sops", ".age",
    }
)  # fmt: skip
_OPEN_FOLDERS = frozenset({".docker", "gcloud"})
"""Of these, such as projects have too: code and prose in them are read."""

_FOLDERS_IN_FOLDERS = frozenset({(".config", "gh"), (".config", "hub"), (".config", "op"), (".config", "rclone")})
_FOLDERS_OF_DATA = frozenset({"secret", "secrets", "credential", "credentials"})
"""Either secrets lie there or the program that manages them: data is not read, source code is."""

_CODE = frozenset(
    {
        ".py", ".pyi", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".scala", ".swift",
        ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".fs", ".rb", ".php", ".ex", ".exs", ".erl", ".hs", ".clj", ".lua",
        ".r", ".jl", ".dart", ".vue", ".svelte", ".sql", ".proto", ".graphql",
    }
)  # fmt: skip
_PROSE = frozenset({".md", ".mdx", ".rst", ".adoc", ".html", ".htm"})
_DATA = frozenset(
    {
        ".txt", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".xml", ".csv", ".tsv",
        ".plist", ".enc", ".dat", ".bin", ".xlsx", ".docx", ".pdf", ".zip", ".gpg", ".asc",
    }
)  # fmt: skip
_SAYS_SECRET = re.compile(r"pass|pwd|secret|token|key|cred|auth|cert")
_EXAMPLES = re.compile(r"(?:.*\.)?\.?env\.(?:example|sample|template|dist|defaults|schema)")

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_COPY = re.compile(r" ?\((?:\d+|copy)\)|(?: -)? copy(?: \d+)?(?=\.|$)|^copy of ")
_BACKUP = re.compile(r"(?:~\d*|\.bak\d*|\.old|\.orig|\.save|\.backup|\.copy|\.tmp|\.sw[a-p]|\.disabled|#)+$")

_NAMES = [
    (re.compile("|".join(map(translate, patterns))), patterns, spared)
    for patterns, spared in ((_FILES, frozenset()), (_FILES_NOT_OF_CODE, _CODE), (_FILES_OF_DATA, _CODE | _PROSE))
]
"""All patterns in one, for ten thousand files; the patterns one by one; the suffixes of which they do not tell."""


def secret_name(path: PurePath) -> str | None:
    """Why a path's name alone forbids reading it, or None.

    A name is taken as the most forgiving file system takes it: case, trailing dots and blanks, streams and
    characters that show nothing do not matter. Nor does what editors and people add to copies of a file.
    """
    parts = [_plain(part) for part in path.parts]
    folders, name = parts[:-1], parts[-1] if parts else ""
    if folder := next((folder for folder in folders if _keeps_credentials(folder, name)), None):
        return f"{folder} holds credentials"
    if pair := next((pair for pair in pairwise(folders) if pair in _FOLDERS_IN_FOLDERS), None):
        return f"{'/'.join(pair)} holds credentials"
    if _EXAMPLES.fullmatch(name):
        return None
    if name in _FILES_OF_PROGRAMS and (not folders or any(folder.startswith(".") for folder in folders)):
        return f"{name} of a program holds credentials"
    if pattern := _pattern(name):
        return f"files named {pattern} may hold secrets"
    if (folder := next((folder for folder in folders if folder in _FOLDERS_OF_DATA), None)) and _is_data(name):
        return f"data in a folder named {folder} may be secret"
    return None


def _keeps_credentials(folder: str, name: str) -> bool:
    if folder in _OPEN_FOLDERS and (_suffix(name) in _CODE | _PROSE or name.startswith(("dockerfile", "makefile"))):
        return False
    return folder in _FOLDERS


def _plain(part: str) -> str:
    """``.SSH``, ``.ssh.``, ``.ssh::$INDEX_ALLOCATION`` and ``.s\u200bsh`` name the same folder on some systems."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", part)).casefold()
    return plain.split(":")[0].rstrip(". ") if len(plain) > 2 else plain


def _pattern(name: str) -> str | None:
    """The pattern that a name is like, or that it would be like less what was added to a copy of the file."""
    bare = _BACKUP.sub("", _COPY.sub("", name))
    # Editors hide the copies they keep: ".name.swp", ".#name", "#name#".
    for form in dict.fromkeys((name, bare, bare.lstrip(".#~"))):
        for any_of_them, patterns, spared in _NAMES:
            if _suffix(form) not in spared and any_of_them.match(form):
                return next(pattern for pattern in patterns if fnmatchcase(form, pattern))
    return None


def _is_data(name: str) -> bool:
    suffix = _suffix(name)
    return suffix in _DATA or (not suffix and _SAYS_SECRET.search(name) is not None)


def _suffix(name: str) -> str:
    return PurePath(name).suffix
