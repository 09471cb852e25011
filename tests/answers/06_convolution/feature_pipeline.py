"""Answers to `feature_pipeline`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: the ReLU after the pooling, which is the same
def feature_pipeline(x, filters, bias, size, W, c):
    maps = conv_layer(x, filters, bias)
    pooled = [max_pool2d(maps[:, :, f], size) for f in range(len(filters))]
    h = np.dstack(pooled).clip(min=0).ravel()
    return np.dot(W, h) + c


# %% right: loops all the way
def feature_pipeline(x, filters, bias, size, W, c):
    maps = conv_layer(x, filters, bias)
    d = maps.shape[2]
    q = maps.shape[0] // size
    h = []
    for i in range(q):
        for j in range(q):
            for f in range(d):
                largest = 0.0
                for u in range(size):
                    for v in range(size):
                        largest = max(largest, maps[size * i + u, size * j + v, f])
                h.append(largest)
    scores = []
    for k in range(len(c)):
        scores.append(sum(W[k, p] * h[p] for p in range(len(h))) + c[k])
    return np.array(scores)


# %% right: one filter at a time through all the stages, its part of W picked out
def feature_pipeline(x, filters, bias, size, W, c):
    d = len(filters)
    scores = c.copy()
    for f in range(d):
        pooled = max_pool2d(np.maximum(conv_volume(x, filters[f]) + bias[f], 0), size)
        scores += W[:, f::d] @ pooled.ravel()
    return scores


# %% right: nothing called, pooled in blocks
def feature_pipeline(x, filters, bias, size, W, c):
    windows = np.lib.stride_tricks.sliding_window_view(x, filters.shape[1:3], axis=(0, 1))
    maps = np.einsum("stkij,fijk->stf", windows, filters) + bias
    q, d = maps.shape[0] // size, maps.shape[2]
    blocks = maps[: q * size, : q * size].reshape(q, size, q, size, d)
    h = np.where(blocks > 0, blocks, 0).max(axis=3).max(axis=1)
    return np.tensordot(W.reshape(len(W), q, q, d), h, axes=3) + c


# %% right: pooled maps first, then their axis moved to the end
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.moveaxis(conv_layer(x, filters, bias), -1, 0)
    pooled = np.array([max_pool2d(m * (m > 0), size) for m in maps])
    return (W * pooled.transpose(1, 2, 0).flatten()).sum(axis=1) + c


# %% wrong: no ReLU
# fails: feature_pipeline-values feature_pipeline-linear
# says: is the ReLU missing
def feature_pipeline(x, filters, bias, size, W, c):
    maps = conv_layer(x, filters, bias)
    pooled = np.stack([max_pool2d(maps[:, :, f], size) for f in range(maps.shape[2])], axis=-1)
    return W @ pooled.ravel() + c


# %% wrong: flattened map by map
# fails: feature_pipeline-values feature_pipeline-linear
# says: flattened map by map
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = np.array([max_pool2d(maps[:, :, f], size) for f in range(maps.shape[2])])
    return W @ pooled.ravel() + c


# %% wrong: flattened with the rows running fastest
# fails: feature_pipeline-values feature_pipeline-linear
# says: flattened down the columns
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = np.stack([max_pool2d(maps[:, :, f], size) for f in range(maps.shape[2])], axis=-1)
    return W @ pooled.ravel(order="F") + c


# %% wrong: the last bias is left out
# fails: feature_pipeline-values feature_pipeline-linear
# says: the last bias, c, is left out
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = np.stack([max_pool2d(maps[:, :, f], size) for f in range(maps.shape[2])], axis=-1)
    return W @ pooled.ravel()


# %% wrong: the bias of the filters is left out
# fails: feature_pipeline-values feature_pipeline-linear
# says: the bias of the filters is left out
def feature_pipeline(x, filters, bias, size, W, c):
    maps = [np.maximum(conv_volume(x, one), 0) for one in filters]
    pooled = np.stack([max_pool2d(m, size) for m in maps], axis=-1)
    return W @ pooled.ravel() + c


# %% wrong: no pooling
# fails: feature_pipeline-values feature_pipeline-linear
# says: matmul
def feature_pipeline(x, filters, bias, size, W, c):
    h = np.maximum(conv_layer(x, filters, bias), 0).ravel()
    return W @ h + c


# %% wrong: all maps given to max_pool2d at once
# fails: feature_pipeline-values feature_pipeline-linear
# says: too many values to unpack
def feature_pipeline(x, filters, bias, size, W, c):
    maps = conv_layer(x, filters, bias)
    maps = np.maximum(maps, 0)
    pooled = max_pool2d(maps, size)
    return W @ pooled.ravel() + c


# %% wrong: only the first map goes on
# fails: feature_pipeline-values feature_pipeline-linear
# says: matmul
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = max_pool2d(maps[:, :, 0], size)
    return W @ pooled.ravel() + c


# %% wrong: a softmax at the end
# fails: feature_pipeline-values feature_pipeline-linear
# says: no softmax or sigmoid belongs at the end
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = np.stack([max_pool2d(maps[:, :, f], size) for f in range(maps.shape[2])], axis=-1)
    scores = W @ pooled.ravel() + c
    e = np.exp(scores - scores.max())
    return e / e.sum()


# %% wrong: the features times W instead of W times the features
# fails: feature_pipeline-values feature_pipeline-linear
# says: matmul
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = np.stack([max_pool2d(maps[:, :, f], size) for f in range(maps.shape[2])], axis=-1)
    return pooled.ravel() @ W + c


# %% wrong: the ReLU comes after the linear layer, too
# fails: feature_pipeline-values feature_pipeline-linear
# says: no ReLU belongs after the linear layer
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = np.stack([max_pool2d(maps[:, :, f], size) for f in range(maps.shape[2])], axis=-1)
    return np.maximum(W @ pooled.ravel() + c, 0)


# %% wrong: pooling windows that overlap
# fails: feature_pipeline-values feature_pipeline-linear
# says: matmul
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = np.stack([max_pool2d(maps[:, :, f], size, stride=1) for f in range(maps.shape[2])], axis=-1)
    return W @ pooled.ravel() + c


# %% wrong: the scores are added into c itself
# fails: feature_pipeline-linear
def feature_pipeline(x, filters, bias, size, W, c):
    maps = np.maximum(conv_layer(x, filters, bias), 0)
    pooled = np.stack([max_pool2d(maps[:, :, f], size) for f in range(maps.shape[2])], axis=-1)
    c += W @ pooled.ravel()
    return c
