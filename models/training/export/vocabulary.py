"""The pack's vocabulary: what the model was taught to draw, with synonyms, and the nearest concept of common outside words."""

from __future__ import annotations

import captions
from backgrounds import PLAIN
from world import BACKGROUNDS, COLORS, load_concepts

NEAREST = {
    "tiger": "lion", "horse": "dog", "cow": "dog", "pig": "elephant", "whale": "fish", "octopus": "fish", "bee": "butterfly", "monkey": "bear", "unicorn": "rabbit",
    "dragon": "dinosaur", "truck": "bus", "train": "bus", "helicopter": "airplane", "ufo": "rocket", "strawberry": "apple", "donut": "cake", "ice cream": "cake",
    "coffee": "teapot", "cup": "teapot", "mug": "teapot", "palm": "tree", "cactus": "pine tree", "rose": "sunflower", "hat": "crown", "chair": "book", "teddy": "bear",
    "soccer": "pumpkin", "ghost": "snowman", "star": "heart",
    "lighthouse": "castle", "tower": "castle", "church": "castle", "temple": "castle", "skyscraper": "house", "building": "house", "barn": "house",
    "cabin": "house", "school": "house", "hospital": "house", "shop": "house", "bridge": "castle", "windmill": "castle", "igloo": "house", "tent": "house",
    "person": "robot", "man": "robot", "woman": "robot", "girl": "bear", "boy": "bear", "child": "bear", "baby": "bear", "people": "robot",
    "astronaut": "robot", "wizard": "snowman", "knight": "robot", "king": "crown", "queen": "crown", "princess": "crown", "alien": "snowman", "monster": "dinosaur",
    "doll": "bear", "toy": "bear", "donkey": "dog", "zebra": "dog", "goat": "dog", "sheep": "rabbit", "bull": "dog", "buffalo": "dog",
    "wolf": "fox", "coyote": "fox", "raccoon": "fox", "squirrel": "fox", "deer": "dog", "moose": "dog", "giraffe": "dog", "camel": "dog", "llama": "dog",
    "leopard": "lion", "cheetah": "lion", "panther": "lion", "koala": "bear", "sloth": "bear", "hamster": "rabbit", "mouse": "rabbit", "hedgehog": "rabbit",
    "chicken": "duck", "rooster": "duck", "turkey": "duck", "goose": "duck", "swan": "duck", "eagle": "bird", "parrot": "bird", "flamingo": "bird", "crow": "bird",
    "pigeon": "bird", "raven": "owl", "hawk": "owl", "bat": "owl", "shark": "fish", "dolphin": "fish", "seal": "fish", "jellyfish": "fish", "crab": "fish",
    "lobster": "fish", "snake": "dinosaur", "lizard": "dinosaur", "crocodile": "dinosaur", "snail": "turtle", "ladybug": "butterfly", "ant": "butterfly", "spider": "fish",
    "dragonfly": "butterfly", "bike": "car", "bicycle": "car", "motorcycle": "car", "scooter": "car", "taxi": "car", "van": "bus", "tram": "bus", "tractor": "bus",
    "ambulance": "bus", "ship": "boat", "submarine": "fish", "canoe": "boat", "spaceship": "rocket", "satellite": "rocket", "drone": "airplane",
    "pear": "apple", "peach": "apple", "orange": "apple", "cherry": "apple", "tomato": "apple", "grapes": "apple", "lemon": "banana", "pineapple": "pine tree",
    "watermelon": "apple", "carrot": "apple", "potato": "apple", "bread": "cake", "cheese": "pizza", "hamburger": "cake", "sandwich": "pizza", "cupcake": "cake",
    "cookie": "cake", "pie": "cake", "egg": "apple", "tea": "teapot", "bottle": "candle", "jug": "teapot", "vase": "teapot", "bowl": "teapot",
    "flower": "sunflower", "daisy": "sunflower", "tulip": "sunflower", "bush": "tree", "plant": "pine tree", "leaf": "tree", "moon": "heart", "sun": "heart", "planet": "balloon",
    "piano": "guitar", "violin": "guitar", "drum": "teapot", "trumpet": "guitar", "phone": "camera", "television": "camera", "computer": "robot", "laptop": "book",
    "lamp": "candle", "lantern": "candle", "torch": "candle", "light": "candle", "clock": "balloon", "watch": "balloon", "table": "book", "sofa": "book", "bed": "book",
    "desk": "book", "ball": "balloon", "cap": "crown", "helmet": "crown", "shoe": "crown", "ring": "crown", "diamond": "heart", "trophy": "crown", "box": "gift", "bag": "gift",
    "kite": "balloon", "parachute": "umbrella", "snowball": "balloon", "skull": "snowman", "bell": "gift", "key": "crown", "letter": "book", "map": "book", "sword": "candle",
}
NEAREST_PLACES = {"ocean": "underwater", "sea": "beach", "river": "lake", "pond": "lake", "jungle": "forest", "park": "meadow", "garden": "meadow", "farm": "meadow",
                  "street": "city", "town": "city", "village": "meadow", "kitchen": "room", "bedroom": "room", "galaxy": "space", "moon": "space", "island": "beach",
                  "hill": "meadow", "field": "meadow", "cave": "mountains", "volcano": "mountains", "office": "room", "library": "room"}


def vocabulary() -> dict:
    concepts = [c for c in load_concepts() if c.weight > 0]
    known = {w for c in concepts for w in (c.name, c.plural, *c.synonyms)}
    names = {c.name for c in concepts}
    return {
        "concepts": [{"name": c.name, "plural": c.plural, "synonyms": list(c.synonyms)} for c in concepts],
        "colors": [*COLORS, "grey", "violet", "golden"],
        "backgrounds": sorted({*BACKGROUNDS, *(p for ps in captions.PLACES.values() for p in ps), *(p for ps in captions.ALONE.values() for p in ps)}),
        "plainColors": [*PLAIN],
        "times": sorted(p for ps in captions.TIME_WORDS.values() for p in ps),
        "weathers": sorted(p for ps in captions.WEATHER_WORDS.values() for p in ps),
        "styles": sorted({p for words in (captions.STYLE_SUFFIXES, captions.LOOK_SUFFIXES) for ps in words.values() for p in ps}),
        "relations": sorted(p for ps in captions.RELATION_WORDS.values() for p in ps),
        "sizes": sorted(p for ps in captions.SIZE_WORDS.values() for p in ps), "counts": [1, 2, 3],
        "functionWords": sorted({*captions.FUNCTION_WORDS, *captions.MOODS, "high quality", "detailed", "soft light", "studio light", "plain background", "watercolour", "sign", "paint"}),
        "nearest": {k: v for k, v in NEAREST.items() if k not in known and v in names},
        "nearestPlaces": NEAREST_PLACES,
    }
