"""The pack's vocabulary: what the model was taught to draw, with synonyms, and the nearest concept of common outside words."""

from __future__ import annotations

import captions
from backgrounds import PLAIN
from world import BACKGROUNDS, COLORS, load_concepts

NEAREST = {
    "lighthouse": "castle", "tower": "castle", "church": "castle", "temple": "castle", "skyscraper": "house", "building": "house", "barn": "house",
    "cabin": "house", "school": "house", "hospital": "house", "shop": "house", "bridge": "castle", "windmill": "castle", "igloo": "house", "tent": "house",
    "person": "robot", "man": "robot", "woman": "robot", "girl": "teddy bear", "boy": "teddy bear", "child": "teddy bear", "baby": "teddy bear", "people": "robot",
    "astronaut": "robot", "wizard": "snowman", "knight": "robot", "king": "crown", "queen": "crown", "princess": "crown", "alien": "ghost", "monster": "dinosaur",
    "doll": "teddy bear", "toy": "teddy bear", "donkey": "horse", "zebra": "horse", "goat": "cow", "sheep": "rabbit", "bull": "cow", "buffalo": "cow",
    "wolf": "fox", "coyote": "fox", "raccoon": "fox", "squirrel": "fox", "deer": "horse", "moose": "horse", "giraffe": "horse", "camel": "horse", "llama": "horse",
    "leopard": "tiger", "cheetah": "tiger", "panther": "tiger", "koala": "bear", "sloth": "bear", "hamster": "rabbit", "mouse": "rabbit", "hedgehog": "rabbit",
    "chicken": "duck", "rooster": "duck", "turkey": "duck", "goose": "duck", "swan": "duck", "eagle": "bird", "parrot": "bird", "flamingo": "bird", "crow": "bird",
    "pigeon": "bird", "raven": "owl", "hawk": "owl", "bat": "owl", "shark": "whale", "dolphin": "whale", "seal": "whale", "jellyfish": "octopus", "crab": "octopus",
    "lobster": "octopus", "snake": "dragon", "lizard": "dinosaur", "crocodile": "dinosaur", "snail": "turtle", "ladybug": "bee", "ant": "bee", "spider": "octopus",
    "dragonfly": "butterfly", "bike": "car", "bicycle": "car", "motorcycle": "car", "scooter": "car", "taxi": "car", "van": "bus", "tram": "bus", "tractor": "truck",
    "ambulance": "truck", "ship": "boat", "submarine": "whale", "canoe": "boat", "spaceship": "rocket", "satellite": "ufo", "drone": "helicopter",
    "pear": "apple", "peach": "apple", "orange": "apple", "cherry": "apple", "tomato": "apple", "grapes": "strawberry", "lemon": "banana", "pineapple": "cactus",
    "watermelon": "strawberry", "carrot": "strawberry", "potato": "apple", "bread": "cake", "cheese": "pizza", "hamburger": "donut", "sandwich": "pizza", "cupcake": "cake",
    "cookie": "donut", "pie": "cake", "egg": "apple", "tea": "cup of coffee", "bottle": "candle", "jug": "teapot", "vase": "teapot", "bowl": "cup of coffee",
    "flower": "sunflower", "daisy": "sunflower", "tulip": "rose", "bush": "tree", "plant": "cactus", "leaf": "tree", "moon": "star", "sun": "star", "planet": "soccer ball",
    "piano": "guitar", "violin": "guitar", "drum": "cup of coffee", "trumpet": "guitar", "phone": "camera", "television": "camera", "computer": "robot", "laptop": "book",
    "lamp": "candle", "lantern": "candle", "torch": "candle", "light": "candle", "clock": "soccer ball", "watch": "soccer ball", "table": "chair", "sofa": "chair", "bed": "chair",
    "desk": "chair", "ball": "soccer ball", "cap": "hat", "helmet": "hat", "shoe": "hat", "ring": "crown", "diamond": "star", "trophy": "crown", "box": "gift", "bag": "gift",
    "kite": "balloon", "parachute": "umbrella", "snowball": "soccer ball", "skull": "ghost", "bell": "gift", "key": "crown", "letter": "book", "map": "book", "sword": "candle",
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
        "styles": sorted(p for ps in captions.STYLE_SUFFIXES.values() for p in ps),
        "relations": sorted(p for ps in captions.RELATION_WORDS.values() for p in ps),
        "sizes": sorted(p for ps in captions.SIZE_WORDS.values() for p in ps), "counts": [1, 2, 3],
        "functionWords": sorted({*captions.FUNCTION_WORDS, *captions.MOODS}),
        "nearest": {k: v for k, v in NEAREST.items() if k not in known and v in names},
        "nearestPlaces": NEAREST_PLACES,
    }
