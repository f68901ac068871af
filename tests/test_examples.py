"""The examples run as their README says, on the stand-in."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def run_example(name: str, home: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("GEMINI_API_KEY", "GOOGLE_API_KEY")}
    environment |= {"GEMINI_AGENTS_HOME": str(home), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_extraction_prints_data_that_fits_the_schema(tmp_path: Path) -> None:
    shown = run_example("extract_to_schema.py", tmp_path)
    data = json.loads(shown[shown.index("{") : shown.rindex("}") + 1])
    assert data == {"invoice": "2026-1147", "total_eur": 127.3, "due": "2026-12-15"}
    assert "SIMULATED" in shown


def test_a_failed_test_climbs_a_tier_and_then_passes(tmp_path: Path) -> None:
    shown = run_example("reject_and_climb.py", tmp_path)
    assert "The test fails: AssertionError" in shown
    assert "· flash ·" in shown
    assert shown.rstrip().endswith("The test passes.")


def test_a_summary_cites_lines_of_the_documents_and_pages_of_the_pdf(tmp_path: Path) -> None:
    shown = run_example("summarize_own_docs.py", tmp_path)
    assert "[README.md:" in shown and "[minutes.pdf p. " in shown and "SIMULATED" in shown


def test_a_review_finds_the_planted_faults_where_they_stand(tmp_path: Path) -> None:
    shown = run_example("review_own_code.py", tmp_path)
    assert "settings.py:10" in shown and "except:" in shown and "SIMULATED" in shown


def test_a_chart_is_read_and_its_tokens_are_said_before(tmp_path: Path) -> None:
    shown = run_example("read_a_chart.py", tmp_path)
    assert "1 image: about " in shown and "png" in shown.lower() and "SIMULATED" in shown


def test_the_mcp_json_example_starts_the_installed_command() -> None:
    config = json.loads((ROOT / ".mcp.json.example").read_text("utf-8"))
    server = config["mcpServers"]["gemini-agents"]
    assert server["command"] == "gemini-agents"
    assert server["env"] == {"GEMINI_API_KEY": "${GEMINI_API_KEY}"}
