"""What a folder or a glob does not mean, although it holds it. A file named by itself is not sifted."""

from pathlib import PurePath

from gemini_mcp.sources.places import secret_place, unusable_name

KEPT_BY_GIT = frozenset({".git", ".hg", ".svn", ".jj"})
_FOLDERS = frozenset({
    "node_modules", "bower_components", "jspm_packages", "site-packages", ".venv", "venv", ".virtualenv", "virtualenv",
    "__pycache__", "__pypackages__", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    ".hypothesis", ".ipynb_checkpoints", ".gradle", ".m2", ".next", ".nuxt", ".svelte-kit", ".parcel-cache",
    ".turbo", ".yarn", ".pnpm-store", ".terraform", ".serverless", ".bundle", "pods", "deriveddata", ".dart_tool",
    ".stack-work", ".cache",
})  # fmt: skip
_LOCKS = frozenset({
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock",
    "poetry.lock", "pdm.lock", "uv.lock", "pipfile.lock", "pixi.lock", "conda-lock.yml", "cargo.lock", "go.sum",
    "go.work.sum", "gemfile.lock", "composer.lock", "mix.lock", "pubspec.lock", "podfile.lock", "package.resolved",
    "packages.lock.json", "flake.lock", "gradle.lockfile", ".terraform.lock.hcl",
})  # fmt: skip
_GENERATED = (".min.js", ".min.css", ".js.map", ".css.map")
_BINARY = frozenset({
    # archives and disk images
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".xz", ".txz", ".zst", ".lz4", ".lzma", ".7z", ".rar", ".jar",
    ".war", ".ear", ".apk", ".aab", ".ipa", ".whl", ".egg", ".gem", ".crate", ".nupkg", ".deb", ".rpm", ".dmg", ".iso",
    ".img", ".msi", ".cab", ".vhd", ".qcow2",
    # compiled code
    ".o", ".obj", ".a", ".lib", ".so", ".dylib", ".dll", ".exe", ".pyc", ".pyo", ".pyd", ".class", ".dex", ".wasm",
    ".bc", ".elc", ".beam", ".rlib", ".rmeta", ".pdb", ".ilk", ".gch", ".pch", ".hi", ".node", ".ko", ".bin",
    # sound and film
    ".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aiff", ".mid", ".mp4", ".m4v", ".mov",
    ".avi", ".mkv", ".webm", ".wmv", ".flv", ".mpg", ".mpeg", ".ogv",
    # fonts, and pictures that no tool reads
    ".ttf", ".otf", ".woff", ".woff2", ".eot", ".ico", ".icns", ".bmp", ".tif", ".tiff", ".psd", ".ai", ".eps", ".xcf",
    ".sketch", ".blend", ".glb", ".fbx", ".avif", ".jxl", ".raw", ".cr2", ".nef", ".dng",
    # data in forms of their own
    ".sqlite", ".sqlite3", ".db", ".mdb", ".parquet", ".feather", ".arrow", ".orc", ".avro", ".npy", ".npz", ".pkl",
    ".pickle", ".joblib", ".h5", ".hdf5", ".mat", ".rds", ".rdata", ".pt", ".pth", ".onnx", ".safetensors", ".gguf",
    ".ckpt", ".tflite", ".mo", ".swp", ".swo", ".ds_store",
})  # fmt: skip


def folder_left_out(inside: PurePath) -> str | None:
    """Why a folder found on the way is not gone through, or None."""
    name = inside.name.lower()
    if name in KEPT_BY_GIT:
        return "kept by version control"
    return "a folder of installed or generated files" if name in _FOLDERS else secret_place(inside / "any.md")


def file_left_out(inside: PurePath) -> str | None:
    """Why a file found on the way is not read, by its path alone, or None."""
    name = inside.name.lower()
    if reason := unusable_name(inside.as_posix()):
        return reason
    if reason := secret_place(inside):
        return reason
    if name in _LOCKS:
        return "a lock file"
    if name.endswith(_GENERATED):
        return "generated"
    suffix = PurePath(name).suffix or name
    return f"{suffix} files are not read" if suffix in _BINARY else None
