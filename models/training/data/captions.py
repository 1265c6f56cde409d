"""Captions of a scene: short and long, paraphrased, with right articles and plurals."""

from __future__ import annotations

PLACES = {
    "meadow": ["in a meadow", "on the grass", "in a green field", "on a hill"], "forest": ["in a forest", "in the woods", "in front of a forest"],
    "beach": ["on a beach", "at the beach", "on the sand by the sea", "on a sandy beach"], "desert": ["in the desert", "among sand dunes"],
    "snow": ["in the snow", "on a snowy field", "in snow", "in the snowy mountains"], "mountains": ["in the mountains", "in front of mountains"],
    "city": ["in a city", "in the city", "on a city street", "in front of a city skyline"], "table": ["on a table", "on a wooden table", "on the table"],
    "room": ["in a room", "indoors", "in a living room"], "underwater": ["underwater", "under the sea", "in the ocean"],
    "space": ["in space", "in outer space", "floating in space", "among the stars"], "lake": ["on a lake", "on the water", "on a calm lake"],
    "sky": ["in the sky", "in the clouds", "in a cloudy sky"],
}
ALONE = {"meadow": ["a meadow", "a green field"], "forest": ["a forest", "the woods"], "beach": ["a beach", "a sandy beach by the sea"],
         "desert": ["a desert", "sand dunes"], "snow": ["a snowy field", "a snowy landscape"], "mountains": ["mountains", "a mountain landscape"],
         "city": ["a city", "a city skyline"], "table": ["an empty table", "a wooden table"], "room": ["a room", "a living room"],
         "underwater": ["the ocean floor", "an underwater scene"], "space": ["outer space", "a starry sky with a planet"],
         "lake": ["a lake", "a calm lake"], "sky": ["the sky", "a cloudy sky"]}
TIME_WORDS = {"sunrise": ["at sunrise", "at dawn", "in the morning"], "sunset": ["at sunset", "at dusk", "in the evening"], "night": ["at night", "under a night sky"],
              "day": ["by day", "on a sunny day"]}
WEATHER_WORDS = {"rain": ["in the rain", "on a rainy day", "while it rains"], "snowfall": ["while it is snowing", "in falling snow", "with snowflakes"], "fog": ["in the fog", "on a foggy day"]}
STYLE_SUFFIXES = {"3d": ["3D render", "3D style", "3D illustration"], "flat": ["flat illustration", "flat design", "flat style"], "cartoon": ["cartoon", "cartoon style", "cartoon drawing"]}
STYLE_PREFIXES = {"3d": ["a 3D render", "a 3D illustration"], "flat": ["a flat illustration", "a flat drawing"], "cartoon": ["a cartoon", "a cartoon drawing"]}
LOOK_SUFFIXES = {"pixel art": ["pixel art", "pixel art style"], "watercolor": ["watercolor", "watercolour painting"], "pencil": ["pencil drawing", "pencil sketch"],
                 "oil": ["oil painting"], "stained glass": ["stained glass", "stained glass window"], "low poly": ["low poly", "low poly style"],
                 "neon": ["neon", "neon lights"], "blueprint": ["blueprint", "blueprint drawing"]}
LOOK_PREFIXES = {"pixel art": ["pixel art"], "watercolor": ["a watercolor painting", "a watercolour"], "pencil": ["a pencil drawing", "a pencil sketch"],
                 "oil": ["an oil painting"], "stained glass": ["a stained glass window"], "low poly": ["a low poly render"], "neon": ["a neon sign"],
                 "blueprint": ["a blueprint"]}
SIZE_WORDS = {"small": ["small", "tiny", "little"], "big": ["big", "large", "huge"]}
COLOR_WORDS = {"gray": ["gray", "grey"], "purple": ["purple", "violet"], "brown": ["brown"], "yellow": ["yellow", "golden"], "white": ["white"]}
MOODS = ["cute", "lovely", "beautiful", "nice", "friendly", "shiny", "simple", "pretty"]
NUMBERS = {2: "two", 3: "three"}
RELATION_WORDS = {
    "left of": ["to the left of", "left of", "on the left of"], "right of": ["to the right of", "right of", "on the right of"],
    "next to": ["next to", "beside", "and"], "above": ["above", "over"], "below": ["below", "under"], "on top of": ["on top of", "standing on", "on"],
}
FUNCTION_WORDS = ["a", "an", "the", "of", "in", "on", "at", "with", "and", "to", "by", "two", "three", "is", "it", "picture", "photo", "image", "render", "illustration", "drawing"]

UNCOUNTED = {"bread", "cheese"}


def article(phrase: str) -> str:
    first = phrase.split(" ")[0].lower()
    vowel = first[0] in "aeio" or (first[0] == "u" and first not in ("ufo", "unicorn", "ufos"))
    return ("an " if vowel else "a ") + phrase


def pick(rng, options):
    return options[int(rng.integers(len(options)))]


def object_phrase(rng, concepts, obj, rich: bool) -> str:
    """"a small red fox", or what it is `called` in the description; the count and the colour are always named when they differ from the plain thing."""
    concept = concepts[obj["concept"]]
    count = obj.get("count", 1)
    if "called" in obj:
        return obj["called"]
    name = concept.name
    if count == 1 and concept.synonyms and rng.random() < 0.25:
        name = pick(rng, concept.synonyms)
    if count > 1:
        name = concept.plural
    words = []
    if rng.random() < (0.12 if rich else 0.05):
        words.append(pick(rng, MOODS))
    if obj["size_word"]:
        words.append(pick(rng, SIZE_WORDS[obj["size_word"]]))
    if obj["color_word"]:
        words.append(pick(rng, COLOR_WORDS.get(obj["color_word"], [obj["color_word"]])))
    phrase = " ".join([*words, name])
    if count > 1:
        return f"{NUMBERS[count]} {phrase}"
    return phrase if concept.name in UNCOUNTED else article(phrase)


def caption(rng, concepts, spec, rich: bool) -> str:
    objects = spec["objects"]
    parts = []
    phrases = [object_phrase(rng, concepts, o, rich) for o in objects]
    relation = spec.get("relation")
    if not objects:
        body = pick(rng, ALONE[spec["background"]]) if spec["background"] != "plain" else f"a plain {spec['plain_color']} background"
    elif len(objects) == 1:
        body = phrases[0]
    else:
        body = f"{phrases[0]} {pick(rng, RELATION_WORDS[relation])} {phrases[1]}"
        if relation == "left of" and rich and rng.random() < 0.25:
            body = f"{phrases[0]} on the left and {phrases[1]} on the right"
    parts.append(body)
    if objects:
        if spec["background"] == "plain":
            if spec["plain_color"] != "white" or rng.random() < 0.6:
                color = spec["plain_color"]
                ground = article(f"{color} background")
                parts.append(pick(rng, [f"on a plain {color} background", f"on {ground}", f"against {ground}"]))
        else:
            parts.append(pick(rng, PLACES[spec["background"]]))
    time, weather = spec["time"], spec["weather"]
    if time != "day" or (rich and spec["outdoor"] and rng.random() < 0.3):
        parts.append(pick(rng, TIME_WORDS[time]))
    if weather != "clear":
        parts.append(pick(rng, WEATHER_WORDS[weather]))
    text = " ".join(parts)
    style, look = spec["style"], spec.get("look")
    if look is not None:
        text = f"{text}, {pick(rng, LOOK_SUFFIXES[look])}" if rng.random() < 0.6 else f"{pick(rng, LOOK_PREFIXES[look])} of {text}"
    elif spec.get("style_unsaid"):
        pass
    elif objects and rng.random() < (0.92 if style != "3d" else (0.5 if rich else 0.2)):
        if rng.random() < 0.5:
            text = f"{text}, {pick(rng, STYLE_SUFFIXES[style])}"
        else:
            text = f"{pick(rng, STYLE_PREFIXES[style])} of {text}"
    elif rng.random() < 0.08:
        text = pick(rng, ["a picture of ", "an image of ", "a photo of ", "a drawing of ", "a render of "]) + text
    if rich and rng.random() < 0.15:
        text += pick(rng, [", high quality", ", detailed", ", soft light", ", beautiful", ", highly detailed", ", studio light"])
    return text
