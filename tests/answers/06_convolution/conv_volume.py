"""Answers to `conv_volume`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: conv2d of each map, added up
def conv_volume(x, theta):
    return sum(conv2d(x[:, :, k], theta[:, :, k]) for k in range(x.shape[2]))


# %% right: the five loops of the formula
def conv_volume(x, theta):
    n, r = x.shape[0], x.shape[2]
    m = theta.shape[0]
    result = np.zeros((n - m + 1, n - m + 1))
    for s in range(n - m + 1):
        for t in range(n - m + 1):
            for i in range(m):
                for j in range(m):
                    for k in range(r):
                        result[s, t] += theta[i, j, k] * x[s + i, t + j, k]
    return result


# %% right: all windows at once with einsum
def conv_volume(x, theta):
    windows = np.lib.stride_tricks.sliding_window_view(x, theta.shape[:2], axis=(0, 1))
    return np.einsum("stkij,ijk->st", windows, theta)


# %% right: one matrix product over the maps for each weight of the window
def conv_volume(x, theta):
    m = theta.shape[0]
    places = x.shape[0] - m + 1
    return sum(x[i : i + places, j : j + places] @ theta[i, j] for i in range(m) for j in range(m))


# %% right: SciPy's correlate, its depth of one taken off
def conv_volume(x, theta):
    return correlate(x, theta, mode="valid")[:, :, 0]


# %% right: rows of a list
def conv_volume(x, theta):
    m, places = len(theta), len(x) - len(theta) + 1
    return [[float(np.vdot(x[s : s + m, t : t + m], theta)) for t in range(places)] for s in range(places)]


# %% wrong: only the first map
# fails: conv_volume-values conv_volume-one-map
# says: only the first map is used
def conv_volume(x, theta):
    return conv2d(x[:, :, 0], theta[:, :, 0])


# %% wrong: the maps are averaged
# fails: conv_volume-values conv_volume-one-map
# says: the maps are averaged
def conv_volume(x, theta):
    maps = [conv2d(x[:, :, k], theta[:, :, k]) for k in range(x.shape[2])]
    return np.mean(maps, axis=0)


# %% wrong: = where += is meant, so that only the last map stays
# fails: conv_volume-values conv_volume-one-map
# says: only the last map counts: add the maps up
def conv_volume(x, theta):
    for k in range(x.shape[2]):
        total = conv2d(x[:, :, k], theta[:, :, k])
    return total


# %% wrong: = where += is meant in all five loops, so that only the last product stays
# fails: conv_volume-values conv_volume-one-map
# says: only the last map counts: add the maps up
def conv_volume(x, theta):
    n, r = x.shape[0], x.shape[2]
    m = theta.shape[0]
    total = np.zeros((n - m + 1, n - m + 1))
    for s in range(n - m + 1):
        for t in range(n - m + 1):
            for i in range(m):
                for j in range(m):
                    for k in range(r):
                        total[s, t] = theta[i, j, k] * x[s + i, t + j, k]
    return total


# %% wrong: = where += is meant, so that only the last pixel of the window stays
# fails: conv_volume-values conv_volume-one-map
# says: only the last pixel of the window counts
def conv_volume(x, theta):
    n, m = x.shape[0], theta.shape[0]
    total = np.zeros((n - m + 1, n - m + 1))
    for i in range(m):
        for j in range(m):
            total = x[i : i + n - m + 1, j : j + n - m + 1] @ theta[i, j]
    return total


# %% wrong: the weights of the first map for every map
# fails: conv_volume-values conv_volume-one-map
# says: the first map's weights meet every map
def conv_volume(x, theta):
    total = 0
    for k in range(x.shape[2]):
        total = total + conv2d(x[:, :, k], theta[:, :, 0])
    return total


# %% wrong: one output map for each input map
# fails: conv_volume-values conv_volume-one-map
# says: the maps are not added up
def conv_volume(x, theta):
    n, m = x.shape[0], theta.shape[0]
    result = np.zeros((n - m + 1, n - m + 1, x.shape[2]))
    for s in range(n - m + 1):
        for t in range(n - m + 1):
            for k in range(x.shape[2]):
                result[s, t, k] = np.sum(x[s : s + m, t : t + m, k] * theta[:, :, k])
    return result


# %% wrong: the filter is flipped along rows and columns
# fails: conv_volume-values conv_volume-one-map
# says: your filter is flipped along rows and columns
def conv_volume(x, theta):
    from scipy.signal import convolve2d

    n, m = x.shape[0], theta.shape[0]
    total = np.zeros((n - m + 1, n - m + 1))
    for k in range(x.shape[2]):
        total += convolve2d(x[:, :, k], theta[:, :, k], mode="valid")
    return total


# %% wrong: SciPy's convolve, which flips the depth as well
# fails: conv_volume-values conv_volume-one-map
# says: the weights of the two maps are swapped
def conv_volume(x, theta):
    return convolve(x, theta, mode="valid")[:, :, 0]


# %% wrong: a third axis of length one is left over
# fails: conv_volume-values conv_volume-one-map
# says: an axis of length 1 too many
def conv_volume(x, theta):
    return correlate(x, theta, mode="valid")


# %% wrong: k runs to m instead of r
# fails: conv_volume-values conv_volume-one-map
# says: only the first map is used
def conv_volume(x, theta):
    n, m = x.shape[0], theta.shape[0]
    total = np.zeros((n - m + 1, n - m + 1))
    for s in range(n - m + 1):
        for t in range(n - m + 1):
            for i in range(m):
                for j in range(m):
                    for k in range(m):
                        total[s, t] += theta[i, j, k] * x[s + i, t + j, k]
    return total


# %% wrong: s and t swapped
# fails: conv_volume-values conv_volume-one-map
# says: transposed
def conv_volume(x, theta):
    n, m = x.shape[0], theta.shape[0]
    total = np.zeros((n - m + 1, n - m + 1))
    for s in range(n - m + 1):
        for t in range(n - m + 1):
            total[s, t] = np.sum(x[t : t + m, s : s + m] * theta)
    return total


# %% wrong: the maps are looked for along the first axis
# fails: conv_volume-values conv_volume-one-map
# says: the maps are counted by the last index of x
def conv_volume(x, theta):
    r, n, _ = x.shape
    m = theta.shape[1]
    total = np.zeros((n - m + 1, n - m + 1))
    for s in range(n - m + 1):
        for t in range(n - m + 1):
            total[s, t] = np.sum(x[:, s : s + m, t : t + m] * theta)
    return total


# %% wrong: the total is printed
# fails: conv_volume-values conv_volume-one-map
# says: Is the `return` missing?
def conv_volume(x, theta):
    total = 0
    for k in range(x.shape[2]):
        total = total + conv2d(x[:, :, k], theta[:, :, k])
    print(total)


# %% wrong: red, green and blue, and no fourth map
# fails: conv_volume-values conv_volume-one-map
def conv_volume(x, theta):
    total = 0
    for k in range(min(x.shape[2], 3)):
        total = total + conv2d(x[:, :, k], theta[:, :, k])
    return total


# %% wrong: an array of integers for the result
# fails: conv_volume-values conv_volume-one-map
# says: cut to whole numbers
def conv_volume(x, theta):
    n, m = x.shape[0], theta.shape[0]
    total = np.full((n - m + 1, n - m + 1), 0)
    for s in range(n - m + 1):
        for t in range(n - m + 1):
            total[s, t] = np.sum(x[s : s + m, t : t + m] * theta)
    return total
