"""Answers to `conv_layer`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: conv_volume for each filter, stacked along the last axis
def conv_layer(x, filters, bias):
    maps = [conv_volume(x, one) + b for one, b in zip(filters, bias)]
    return np.stack(maps, axis=-1)


# %% right: six loops
def conv_layer(x, filters, bias):
    d, m, _, r = filters.shape
    places = x.shape[0] - m + 1
    out = np.zeros((places, places, d))
    for s in range(places):
        for t in range(places):
            for f in range(d):
                total = bias[f]
                for i in range(m):
                    for j in range(m):
                        for k in range(r):
                            total += filters[f, i, j, k] * x[s + i, t + j, k]
                out[s, t, f] = total
    return out


# %% right: einsum over all windows
def conv_layer(x, filters, bias):
    m = filters.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(x, (m, m), axis=(0, 1))
    return np.einsum("stkij,fijk->stf", windows, filters) + bias


# %% right: filters first, moved to the end afterwards
def conv_layer(x, filters, bias):
    maps = np.array([conv_volume(x, filters[f]) for f in range(len(filters))])
    return (maps + bias.reshape(-1, 1, 1)).transpose(1, 2, 0)


# %% right: one vector for each window, times a matrix of filters
def conv_layer(x, filters, bias):
    d, m = filters.shape[:2]
    n = x.shape[0]
    matrix = filters.reshape(d, -1)
    out = np.empty((n - m + 1, n - m + 1, d))
    for s, t in np.ndindex(n - m + 1, n - m + 1):
        out[s, t] = matrix @ x[s : s + m, t : t + m].ravel() + bias
    return out


# %% right: the bias as the weight of one more map, full of ones
def conv_layer(x, filters, bias):
    wider = np.concatenate([x, np.ones(x.shape[:2] + (1,))], axis=2)
    maps = []
    for one, b in zip(filters, bias):
        extra = np.zeros(one.shape[:2] + (1,))
        extra[0, 0, 0] = b
        maps.append(conv_volume(wider, np.concatenate([one, extra], axis=2)))
    return np.moveaxis(np.array(maps), 0, -1)


# %% wrong: the maps lie along the first axis
# fails: conv_layer-values conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: the maps lie along the first axis
def conv_layer(x, filters, bias):
    return np.stack([conv_volume(x, one) + b for one, b in zip(filters, bias)])


# %% wrong: the maps are reshaped where their axes should move
# fails: conv_layer-values conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: the right values in the wrong places
def conv_layer(x, filters, bias):
    maps = np.array([conv_volume(x, one) + b for one, b in zip(filters, bias)])
    d, height, width = maps.shape
    return maps.reshape(height, width, d)


# %% wrong: the bias is forgotten
# fails: conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: the bias is left out
def conv_layer(x, filters, bias):
    return np.stack([conv_volume(x, one) for one in filters], axis=-1)


# %% wrong: the bias is added to every product
# fails: conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: the bias is added once for every weight
def conv_layer(x, filters, bias):
    d, m = filters.shape[:2]
    n = x.shape[0]
    out = np.zeros((n - m + 1, n - m + 1, d))
    for f in range(d):
        for s in range(n - m + 1):
            for t in range(n - m + 1):
                out[s, t, f] = np.sum(x[s : s + m, t : t + m] * filters[f] + bias[f])
    return out


# %% wrong: the bias is added to every input map
# fails: conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: the bias is added once for every input map
def conv_layer(x, filters, bias):
    maps = []
    for f in range(len(filters)):
        total = 0
        for k in range(x.shape[2]):
            total = total + conv2d(x[:, :, k], filters[f, :, :, k]) + bias[f]
        maps.append(total)
    return np.stack(maps, axis=2)


# %% wrong: every map gets the first bias
# fails: conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: every map has the bias of the first filter
def conv_layer(x, filters, bias):
    return np.stack([conv_volume(x, one) + bias[0] for one in filters], axis=-1)


# %% wrong: a loop over the input maps instead of the filters
# fails: conv_layer-values conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: only the first map is filled
def conv_layer(x, filters, bias):
    n, m = x.shape[0], filters.shape[1]
    out = np.zeros((n - m + 1, n - m + 1, filters.shape[0]))
    for f in range(min(x.shape[2], filters.shape[0])):
        out[:, :, f] = conv_volume(x, filters[f]) + bias[f]
    return out


# %% wrong: the maps are added up instead of stacked
# fails: conv_layer-values conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: the maps are added up
def conv_layer(x, filters, bias):
    out = 0
    for one, b in zip(filters, bias):
        out = out + conv_volume(x, one) + b
    return out


# %% wrong: a ReLU, which belongs to the pipeline of Exercise 9
# fails: conv_layer-values conv_layer-bias
# says: Is there a ReLU too many?
def conv_layer(x, filters, bias):
    maps = [np.maximum(conv_volume(x, one) + b, 0) for one, b in zip(filters, bias)]
    return np.stack(maps, axis=-1)


# %% wrong: a list of the maps plus the vector of biases
# fails: conv_layer-values conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: could not be broadcast together
def conv_layer(x, filters, bias):
    maps = np.array([conv_volume(x, one) for one in filters])
    return maps + bias


# %% wrong: only the first of the maps that come in
# fails: conv_layer-values conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: only the first map that comes in is used
def conv_layer(x, filters, bias):
    maps = [conv2d(x[:, :, 0], one[:, :, 0]) + b for one, b in zip(filters, bias)]
    return np.stack(maps, axis=-1)


# %% wrong: red, green and blue, and no fourth map
# fails: conv_layer-values
def conv_layer(x, filters, bias):
    maps = [conv_volume(x[:, :, :3], one[:, :, :3]) + b for one, b in zip(filters, bias)]
    return np.stack(maps, axis=-1)


# %% wrong: an array of integers for the result
# fails: conv_layer-values conv_layer-bias feature_pipeline-values feature_pipeline-linear
# says: cut to whole numbers
def conv_layer(x, filters, bias):
    d, m = filters.shape[:2]
    n = x.shape[0]
    out = np.full((n - m + 1, n - m + 1, d), 0)
    for f in range(d):
        for s in range(n - m + 1):
            for t in range(n - m + 1):
                out[s, t, f] = np.sum(x[s : s + m, t : t + m] * filters[f]) + bias[f]
    return out
