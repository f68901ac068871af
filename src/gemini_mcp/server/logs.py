"""Logs: JSON lines on stderr, since stdout belongs to the protocol. Never keys; prompts and answers not above debug."""

import logging
import sys


def configure_logs(level: str) -> None:
    """Set structlog and the libraries' own logging to ``level``."""
    import structlog

    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=max(number, logging.WARNING), format="%(message)s", force=True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs every URL
