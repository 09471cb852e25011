"""Answers to `layer_parameters`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: if, elif, else
def layer_parameters(kind, inputs, units, field, filters=1):
    if kind == "fully connected":
        return inputs * units
    elif kind == "locally connected":
        return field * units
    elif kind == "convolutional":
        return field * filters
    else:
        raise ValueError("unknown kind of layer")


# %% right: match
def layer_parameters(kind, inputs, units, field, filters=1):
    match kind:
        case "fully connected":
            factors = inputs, units
        case "locally connected":
            factors = field, units
        case "convolutional":
            factors = field, filters
        case _:
            raise ValueError(f"no such kind: {kind}")
    return factors[0] * factors[1]


# %% right: a table of functions, its KeyError turned into a ValueError
def layer_parameters(kind, inputs, units, field, filters=1):
    rules = {
        "fully connected": lambda: inputs * units,
        "locally connected": lambda: field * units,
        "convolutional": lambda: field * filters,
    }
    try:
        return rules[kind]()
    except KeyError:
        raise ValueError(kind) from None


# %% right: how many different rows of weights, times the length of a row
def layer_parameters(kind, inputs, units, field, filters=1):
    kinds = ["fully connected", "locally connected", "convolutional"]
    which = kinds.index(kind)  # list.index raises ValueError by itself
    length = inputs if which == 0 else field
    rows = filters if which == 2 else units
    return length * rows


# %% wrong: counts the biases, too
# fails: layer_parameters-slide layer_parameters-filters
# says: biases are not counted here
def layer_parameters(kind, inputs, units, field, filters=1):
    if kind == "fully connected":
        return inputs * units + units
    if kind == "locally connected":
        return field * units + units
    if kind == "convolutional":
        return field * filters + filters
    raise ValueError(kind)


# %% wrong: convolutional weights counted for every unit
# fails: layer_parameters-slide layer_parameters-filters
# says: the units of one filter share its weights
def layer_parameters(kind, inputs, units, field, filters=1):
    if kind == "fully connected":
        return inputs * units
    if kind == "locally connected":
        return field * units
    if kind == "convolutional":
        return field * filters * units
    raise ValueError(f"unknown kind {kind}")


# %% wrong: several filters counted as one
# fails: layer_parameters-filters
# says: each filter has weights of its own
def layer_parameters(kind, inputs, units, field, filters=1):
    if kind == "fully connected":
        return inputs * units
    if kind == "locally connected":
        return field * units
    if kind == "convolutional":
        return field
    raise ValueError(f"unknown kind {kind}")


# %% wrong: whatever is not one of the first two counts as convolutional
# fails: layer_parameters-filters
# says: must raise ValueError: there is no such kind
def layer_parameters(kind, inputs, units, field, filters=1):
    if kind == "fully connected":
        return inputs * units
    elif kind == "locally connected":
        return field * units
    else:
        return field * filters


# %% wrong: prints a complaint instead of raising an error
# fails: layer_parameters-filters
# says: must raise ValueError: there is no such kind
def layer_parameters(kind, inputs, units, field, filters=1):
    counts = {
        "fully connected": inputs * units,
        "locally connected": field * units,
        "convolutional": field * filters,
    }
    if kind in counts:
        return counts[kind]
    print("ValueError: kind must be one of", list(counts))


# %% wrong: a KeyError where a ValueError was asked for
# fails: layer_parameters-filters
# says: must raise ValueError, not KeyError
def layer_parameters(kind, inputs, units, field, filters=1):
    counts = {
        "fully connected": inputs * units,
        "locally connected": field * units,
        "convolutional": field * filters,
    }
    return counts[kind]


# %% wrong: "fully" is found in "fully connected"
# fails: layer_parameters-filters
# says: layer_parameters('fully', 5, 5, 3) must raise ValueError
def layer_parameters(kind, inputs, units, field, filters=1):
    if kind in "fully connected":
        return inputs * units
    if kind in "locally connected":
        return field * units
    if kind in "convolutional":
        return field * filters
    raise ValueError("kind")


# %% wrong: field taken for the side of a square
# fails: layer_parameters-slide layer_parameters-filters
# says: not the side of a square
def layer_parameters(kind, inputs, units, field, filters=1):
    if kind == "fully connected":
        return inputs * units
    if kind == "locally connected":
        return field**2 * units
    if kind == "convolutional":
        return field**2 * filters
    raise ValueError(kind)


# %% wrong: locally connected weights counted once more for each filter
# fails: layer_parameters-filters
def layer_parameters(kind, inputs, units, field, filters=1):
    if kind == "fully connected":
        return inputs * units
    if kind == "locally connected":
        return field * units * filters
    if kind == "convolutional":
        return field * filters
    raise ValueError("not a kind of layer: " + str(kind))
