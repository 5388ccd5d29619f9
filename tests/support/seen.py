"""What a person sees of a message, as lines of plain text: names instead of ids, buttons in brackets."""

import datetime
import re

PEOPLE = {"U0ADA": "Ada Park", "U0BEN": "Ben Ortiz", "U0CHLOE": "Chloé Roy", "U0DEV": "Dev Rao",
          "U0EVE": "Eve Stone", "U0MIA": "Mia Novak", "U0TOCSIN": "tocsin"}


def _moment(match, clock_only):
    when = datetime.datetime.fromtimestamp(int(match[1]), datetime.timezone.utc)
    return when.strftime("%H:%M") if clock_only else when.strftime("%Y-%m-%d %H:%M UTC")


def readable(text, channels=None, clock_only=False):
    """Slack's mrkdwn without its codes. channels: names by id."""
    channels = channels or {}
    text = re.sub(r"<!date\^(\d+)\^[^|>]*\|[^>]*>", lambda m: _moment(m, clock_only), text)
    text = re.sub(r"<!(here|channel|everyone)(\|[^>]*)?>", r"@\1", text)
    text = re.sub(r"<@(\w+)(\|[^>]*)?>", lambda m: "@" + PEOPLE.get(m[1], m[1]), text)
    text = re.sub(r"<#(\w+)(\|([^>]*))?>", lambda m: "#" + (m[3] or channels.get(m[1], m[1])), text)
    text = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r"\2 (\1)", text)
    text = re.sub(r"<(https?://[^|>]+)>", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _bold(text):
    """Asterisks and underscores that only say how it looks."""
    text = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"\1", text)
    return re.sub(r"(?<![\w_])_([^_\n]+)_(?![\w_])", r"\1", text)


def lines(message, channels=None, clock_only=False, marks=False):
    """All that a message or a view says, line by line, in order."""
    out = []
    for b in message.get("blocks") or []:
        kind = b["type"]
        if kind in ("header", "section"):
            if b.get("text"):
                out += b["text"]["text"].split("\n")
            for f in b.get("fields", []):
                out.append(": ".join(f["text"].split("\n", 1)))
            if b.get("accessory", {}).get("text"):
                out.append("[ " + b["accessory"]["text"]["text"] + " ]")
        elif kind == "context":
            out += [e["text"] for e in b["elements"] if "text" in e]
        elif kind == "actions":
            out.append("  ".join(f"[ {e['text']['text']} ]" for e in b["elements"] if "text" in e))
        elif kind == "input":
            out.append(b["label"]["text"])
    if not out:
        out = (message.get("text") or "").split("\n")
    seen = [readable(line, channels, clock_only) for line in out if line.strip()]
    return seen if marks else [_bold(line) for line in seen]


def seen(message, channels=None):
    return "\n".join(lines(message, channels))


def buttons(message):
    return [e["text"]["text"] for b in message.get("blocks") or [] if b["type"] == "actions"
            for e in b["elements"] if "text" in e]


def mentions(message):
    """Who is notified: the people whose mention is in it."""
    found = re.findall(r"<@(\w+)", str(message.get("blocks") or message.get("text")))
    return [PEOPLE.get(u, u) for u in dict.fromkeys(found)]
