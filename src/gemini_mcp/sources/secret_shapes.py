"""Tokens known by their shape alone, as a table: each provider's prefix, then alphabet and length of what follows."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """``marks``: literal texts one of which every such token holds, one of ``leads`` characters after its beginning.

    ``pattern`` matches the token from its beginning. ``open``: tokens differ in length, so only what follows tells
    where one ends. ``weak``: the shape alone proves little, so that the token must look random too. ``inside``: what
    besides letters and digits stands inside one, so that a mark after it begins none.
    """

    kind: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    open: bool = False
    weak: bool = False
    leads: tuple[int, ...] = (0,)
    inside: str = ""


_ALPHABETS = {
    "hex": "[0-9a-fA-F]",
    "num": "[0-9]",
    "low": "[a-z0-9]",
    "up": "[A-Z0-9]",
    "b62": "[A-Za-z0-9]",
    "url": "[A-Za-z0-9_-]",
    "b64": "[A-Za-z0-9+/=]",
    "dot": "[A-Za-z0-9_.=~-]",
    "pct": "[A-Za-z0-9_%+/=-]",
    "hash": "[A-Za-z0-9./]",
}
_PART = re.compile(rf"({'|'.join(_ALPHABETS)}):(\d+)(?:(\+)|-(\d+))?")
_MOST = 8_000


def _pattern(form: str) -> str:
    """A form's parts, separated by blanks, as a regular expression: ``url:20+``, ``hex:32``, ``up:5-8``, or itself.

    Possessive, so that what does not match is given up after one look at each character.
    """
    parts = []
    for part in form.split():
        if found := _PART.fullmatch(part):
            alphabet, least, more, most = found.groups()
            last = _MOST if more else most or least
            parts.append(f"{_ALPHABETS[alphabet]}{{{least},{last}}}{'' if most else '+'}")
        else:
            parts.append(re.escape(part))
    return "".join(parts)


def _shape(kind: str, marks: str, form: str, *, weak: bool = False) -> Shape:
    prefixes = tuple(marks.split())
    start = "|".join(map(re.escape, prefixes))
    pattern = re.compile(f"(?:{start}){_pattern(form)}(?![A-Za-z0-9])")
    inside = "-_" if form.startswith(("url", "dot", "pct")) and form.endswith("+") else ""
    return Shape(kind, prefixes, pattern, form.endswith("+"), weak, inside=inside)


def _around(kind: str, leads: tuple[int, ...], mark: str, form: str) -> Shape:
    """Known by what stands in its middle."""
    pattern = re.compile(f"{_pattern(form)}(?![A-Za-z0-9])")
    return Shape(kind, (mark,), pattern, form.endswith("+"), leads=leads)


SHAPES = (
    # Clouds
    _shape("AWS access key", "AKIA ASIA ABIA ACCA", "up:16"),
    _shape("AWS session token", "IQoJb3JpZ2lu FwoGZXIvYXdz FQoGZXIvYXdz", "b64:60+"),
    _shape("AWS Bedrock key", "ABSK", "b64:100+"),
    _shape("AWS Bedrock key", "bedrock-api-key-", "b64:40+"),
    _shape("Google API key", "AIza", "url:35"),
    _shape("Gemini API key", "AQ.", "url:40+"),
    _shape("Google OAuth token", "ya29.", "dot:20+"),
    _shape("Google refresh token", "1//0", "url:30+", weak=True),
    _shape("Google OAuth client secret", "GOCSPX-", "url:24+"),
    _around("Azure client secret", (4,), "Q~", "url:3 num:1 Q~ dot:31-34"),
    _around("Azure key", (52,), "JQQJ99", "b62:52 JQQJ99 b62:20-30"),
    _around("Azure DevOps token", (76,), "AZDO", "b62:76 AZDO b62:4"),
    _shape("Azure storage key", "AccountKey= SharedAccessKey= SharedSecretKey=", "b64:40+"),
    _shape("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", "hex:64"),
    _shape("Alibaba access key", "LTAI", "b62:17-21", weak=True),
    _shape("Tencent access key", "AKID", "b62:32", weak=True),
    _shape("Yandex key", "AQVN", "url:35-38", weak=True),
    _shape("Cloudflare token", "cfut_ cfat_", "b62:40 hex:8"),
    _shape("Cloudflare origin key", "v1.0-", "hex:24 - hex:146"),
    _shape("Heroku key", "HRKU-AA", "url:40+"),
    _shape("Fly token", "fm2_ fm1a_ fm1r_ fo1_", "b64:40+"),
    # Code and packages
    _shape("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", "b62:36+"),
    _shape("GitHub token", "github_pat_", "url:60+"),
    _shape(
        "GitLab token",
        "glpat- gldt- glrt- glptt- glft- glsoat- glcbt- glimt- glagent- gloas- glffct- GR1348941",
        "dot:20+",
    ),
    _shape("Atlassian token", "ATATT3 ATCTT3", "dot:60+"),
    _shape("Bitbucket password", "ATBB", "b62:32"),
    _shape("npm token", "npm_", "b62:36"),
    _shape("PyPI token", "pypi-AgEIcHlwaS5vcmc pypi-AgENdGVzdC5weXBpLm9yZw", "url:50+"),
    _shape("RubyGems key", "rubygems_", "hex:48"),
    _shape("crates.io token", "cio", "b62:32", weak=True),
    _shape("NuGet key", "oy2", "low:43", weak=True),
    _shape("Clojars token", "CLOJARS_", "low:60"),
    _shape("Docker token", "dckr_pat_ dckr_oat_", "url:27-32"),
    _shape("JFrog token", "AKCp cmVmd", "b62:59-70", weak=True),
    _shape("CircleCI token", "CCIPAT_", "b62:22 _ b62:40"),
    _shape("Buildkite token", "bkua_", "low:40-53"),
    _shape("Sourcegraph token", "sgp_", "b62:16 _ hex:40"),
    _shape("Bitbucket token", "BBDC-", "b64:32+"),
    _shape("Octopus key", "API-", "up:26", weak=True),
    _shape("Docker swarm key", "SWMTKN-1- SWMKEY-1-", "b64:40+"),
    _shape("Sonar token", "sqp_ sqa_ squ_", "hex:40"),
    _shape("Pulumi token", "pul-", "hex:40"),
    _around("Terraform token", (14,), ".atlasv1.", "b62:14 .atlasv1. url:60+"),
    _shape("Vault token", "hvs. hvb. hvr.", "url:20+", weak=True),
    _shape("Doppler token", "dp.pt. dp.ct. dp.sa. dp.scim. dp.audit.", "b62:40-44"),
    _shape("Infracost key", "ico-", "b62:32", weak=True),
    _shape("Snyk token", "snyk_uat. snyk_sat.", "dot:40+"),
    _shape("OpenShift token", "sha256~", "url:43", weak=True),
    # Models
    _shape("Anthropic key", "sk-ant-", "url:32+"),
    _shape("OpenAI key", "sk-proj- sk-svcacct- sk-admin- sk-None-", "url:40+"),
    _shape("OpenRouter key", "sk-or-v1-", "hex:64"),
    _shape("API key", "sk-", "url:32+", weak=True),
    _shape("Hugging Face token", "hf_ api_org_", "b62:34"),
    _shape("Groq key", "gsk_", "b62:52"),
    _shape("xAI key", "xai-", "b62:80"),
    _shape("Perplexity key", "pplx-", "b62:40+"),
    _shape("Replicate token", "r8_", "b62:37"),
    _shape("Pinecone key", "pcsk_", "b62:5-6 _ b62:63"),
    _shape("LangSmith key", "lsv2_pt_ lsv2_sk_", "hex:32 _ hex:10"),
    _shape("NVIDIA key", "nvapi-", "url:60-70"),
    _shape("Tavily key", "tvly-", "url:32+", weak=True),
    _shape("Cerebras key", "csk-", "low:48"),
    _shape("Together key", "tgp_v1_", "url:43"),
    _shape("Fireworks key", "fw_", "b62:24", weak=True),
    _shape("Llama Cloud key", "llx-", "b62:44-52"),
    # Money
    _shape("Stripe key", "sk_live_ sk_test_ rk_live_ rk_test_", "b62:16+"),
    _shape("Stripe webhook secret", "whsec_", "b64:32+"),
    _shape("Square token", "sq0atp- sq0csp-", "url:22-50"),
    _shape("Square token", "EAAA", "url:60", weak=True),
    _shape("PayPal token", "access_token$production$", "low:16 $ hex:32"),
    _shape("Razorpay key", "rzp_live_", "b62:14"),
    _shape("Flutterwave key", "FLWSECK- FLWSECK_TEST-", "b62:12-32"),
    _shape("Plaid token", "access-production- access-development-", "hex:8 - hex:4 - hex:4 - hex:4 - hex:12"),
    _shape("Shopify token", "shpat_ shpca_ shppa_ shpss_", "hex:32"),
    _shape("EasyPost key", "EZAK EZTK", "b62:54"),
    _shape("Shippo token", "shippo_live_ shippo_test_", "hex:40"),
    # Messages and mail
    _shape("Slack token", "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xoxc- xoxd- xoxe.", "dot:24+"),
    _shape("Slack token", "xapp-", "num:1 - url:40+"),
    _shape("Slack webhook", "hooks.slack.com/services/", "up:8-14 / up:8-14 / b62:16-32"),
    _shape("Slack webhook", "hooks.slack.com/workflows/ hooks.slack.com/triggers/", "up:8-14 / b62:8-20 / b64:16-60"),
    _shape("Discord webhook", "discord.com/api/webhooks/ discordapp.com/api/webhooks/", "num:17-20 / url:60+"),
    _shape("Teams webhook", "webhook.office.com/webhookb2/", "url:36 @ url:36 /IncomingWebhook/ hex:32 / url:36"),
    _around("Telegram token", (8, 9, 10), ":AA", "num:8-10 :AA url:32-33"),
    _shape("SendGrid key", "SG.", "url:16-32 . url:16-64"),
    _shape("Mailgun key", "key-", "hex:32"),
    _around("Mailchimp key", (32,), "-us", "hex:32 -us num:1-2"),
    _shape("Brevo key", "xkeysib- xsmtpsib-", "hex:64 - b62:16"),
    _shape("MailerSend token", "mlsn.", "b62:30+"),
    _shape("Twilio key", "SK", "hex:32", weak=True),
    _shape("Resend key", "re_", "b62:8 _ b62:22-26", weak=True),
    # Services
    _shape("Databricks token", "dapi", "hex:32"),
    _shape("Airtable token", "pat", "b62:14 . hex:64"),
    _shape("HubSpot token", "pat-na1- pat-eu1-", "hex:8 - hex:4 - hex:4 - hex:4 - hex:12"),
    _shape("Notion token", "ntn_", "num:11 b62:35"),
    _shape("Notion token", "secret_", "b62:43", weak=True),
    _shape("Linear key", "lin_api_", "b62:40"),
    _shape("Figma token", "figd_ figu_", "url:40+"),
    _shape("Postman key", "PMAK-", "hex:24 - hex:34"),
    _shape("Grafana token", "glsa_", "b62:32 _ hex:8"),
    _shape("Grafana token", "glc_ eyJrIjoi", "b64:32+"),
    _shape("New Relic key", "NRAK- NRII- NRIQ- NRRA-", "url:27-42"),
    _shape("Sentry token", "sntrys_eyJ sntryu_", "dot:40+"),
    _shape("Datadog key", "ddapp_", "b62:34"),
    _shape("Dynatrace token", "dt0c01. dt0s01. dt0s16.", "b62:24 . b62:64"),
    _shape("PlanetScale token", "pscale_tkn_ pscale_pw_ pscale_oauth_", "dot:32+"),
    _shape("Supabase key", "sbp_ sb_secret_", "url:30+"),
    _shape("Neon key", "napi_", "b62:60+"),
    _shape("MongoDB Atlas secret", "mdb_sa_sk_", "url:40"),
    _shape("Netlify token", "nfp_", "b62:36"),
    _shape("Tailscale key", "tskey-auth- tskey-api- tskey-client- tskey-scim- tskey-webhook-", "url:20+"),
    _shape("Prefect key", "pnu_ pnb_", "b62:36"),
    _shape("Contentful token", "CFPAT-", "url:43"),
    _shape("Typeform token", "tfp_", "dot:40+"),
    _shape("Adobe client secret", "p8e-", "b62:32"),
    _shape("Apify token", "apify_api_", "b62:34-38"),
    _shape("Mapbox token", "sk.eyJ", "url:40-200 . url:20-30"),
    _shape("Facebook token", "EAACEdEose0cBA EAAC EAAG EAAB EAAM EAAL", "b62:80+", weak=True),
    _shape("Twitter bearer token", "AAAAAAAAAAAAAAAAAAAAA", "b62:9-12 % b62:30+"),
    # Keys
    _shape("1Password key", "ops_eyJ", "b64:200+"),
    _shape("1Password key", "A3-", "up:6 - up:6 - up:5 - up:5 - up:5 - up:5"),
    _shape("age private key", "AGE-SECRET-KEY-1", "up:58"),
    _shape("wallet private key", "xprv yprv zprv", "b62:107"),
    _shape("private key", "b3BlbnNzaC1", "rZXktdjE b64:60+"),
    _shape("private key", "MIGHAgEAMBMGByqGSM49AgEG MC4CAQAwBQYDK2VwBCIEI MHcCAQEEI MIGkAgEBBD MIHcAgEBBEI", "b64:30+"),
    _around("private key", (6,), "IBAAKC", "MII b64:3 IBAAKC b64:50+"),
    _around("private key", (6,), "IBAAKB", "MII b64:3 IBAAKB b64:50+"),
    _around("private key", (6, 8), "BgkqhkiG9w0BBQ0", "MII b64:3-5 BgkqhkiG9w0BBQ0 b64:40+"),
    _around("private key", (5, 6), "IBADANBgkqhkiG9w0BAQEFAASC", "b64:5-6 IBADANBgkqhkiG9w0BAQEFAASC b64:60+"),
    _shape("password hash", "$2a$ $2b$ $2y$", "num:2 $ hash:53"),
    # Signed and self-contained
    _shape("JSON web token", "eyJ", "url:10+ .eyJ url:10+ . url:10+"),
    _shape("JSON web token", "ZXlKaGJHY2lPaU ZXlKMGVYQWlPaU ZXlKcmFXUWlPaU", "b64:60+"),
    _shape("encrypted web token", "eyJ", "url:10+ . url:0+ . url:10-40 . url:10+ . url:16+"),
    _shape("signed URL", "X-Amz-Signature= X-Goog-Signature=", "hex:64+"),
    _shape("Azure shared access signature", "&sig= ?sig=", "pct:40-120", weak=True),
)
