"""Answers to `locally_connected_matrix`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: two loops over the entries
def locally_connected_matrix(Theta, m):
    n = Theta.shape[0]
    half = (m - 1) // 2
    L = np.zeros_like(Theta)
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= half:
                L[i, j] = Theta[i, j]
    return L


# %% right: cut with triu and tril
def locally_connected_matrix(Theta, m):
    h = (m - 1) // 2
    return np.tril(np.triu(Theta, -h), h)


# %% right: a slice of each row, clipped at both ends
def locally_connected_matrix(Theta, m):
    n, h = len(Theta), m // 2
    L = np.zeros((n, n), dtype=Theta.dtype)
    for i in range(n):
        start, stop = max(0, i - h), min(n, i + h + 1)
        L[i, start:stop] = Theta[i, start:stop]
    return L


# %% right: diagonal by diagonal
def locally_connected_matrix(Theta, m):
    n = Theta.shape[0]
    h = min((m - 1) // 2, n - 1)
    return sum(np.diag(np.diag(Theta, k), k) for k in range(-h, h + 1))


# %% right: pure Python lists
def locally_connected_matrix(Theta, m):
    rows = Theta.tolist()
    return [[value if 2 * abs(i - j) < m else 0.0 for j, value in enumerate(row)] for i, row in enumerate(rows)]


# %% right: a mask of ones, multiplied in; m / 2 is not rounded, which does no harm
def locally_connected_matrix(Theta, m):
    place = np.arange(len(Theta))
    mask = np.abs(place[:, None] - place) <= m / 2
    return Theta * mask


# %% right: a copy with the far entries overwritten
def locally_connected_matrix(Theta, m):
    L = Theta.copy()
    for (i, j), _ in np.ndenumerate(L):
        if j > i + (m - 1) / 2 or j < i - (m - 1) / 2:
            L[i, j] = 0
    return L


# %% wrong: m taken for the half-width
# fails: locally_connected_matrix-slide locally_connected_matrix-edges
# says: the band is too wide
def locally_connected_matrix(Theta, m):
    n = Theta.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= m:
                L[i, j] = Theta[i, j]
    return L


# %% wrong: < instead of <=
# fails: locally_connected_matrix-slide locally_connected_matrix-edges
# says: the band is too narrow by one diagonal on each side
def locally_connected_matrix(Theta, m):
    h = (m - 1) // 2
    L = np.zeros(Theta.shape)
    for i in range(len(Theta)):
        for j in range(len(Theta)):
            if abs(i - j) < h:
                L[i, j] = Theta[i, j]
    return L


# %% wrong: m - 1 taken for the half-width
# fails: locally_connected_matrix-slide
# says: the band is too wide by one diagonal on each side
def locally_connected_matrix(Theta, m):
    L = np.zeros_like(Theta)
    for i in range(len(Theta)):
        for j in range(len(Theta)):
            if abs(i - j) < m:
                L[i, j] = Theta[i, j]
    return L


# %% wrong: the half-width rounded up
# fails: locally_connected_matrix-slide locally_connected_matrix-edges
# says: the band is too wide by one diagonal on each side
def locally_connected_matrix(Theta, m):
    h = (m + 1) // 2
    return np.triu(np.tril(Theta, h), -h)


# %% wrong: range stops before the last entry of the band
# fails: locally_connected_matrix-slide locally_connected_matrix-edges
# says: the last diagonal on the right is missing
def locally_connected_matrix(Theta, m):
    n, h = len(Theta), (m - 1) // 2
    L = np.zeros_like(Theta)
    for i in range(n):
        for j in range(max(0, i - h), min(n, i + h)):
            L[i, j] = Theta[i, j]
    return L


# %% wrong: the window starts at output i instead of being centred
# fails: locally_connected_matrix-slide locally_connected_matrix-edges
# says: the window starts at output i instead of being centred
def locally_connected_matrix(Theta, m):
    L = np.zeros_like(Theta)
    for i in range(len(Theta)):
        L[i, i : i + m] = Theta[i, i : i + m]
    return L


# %% wrong: Theta itself is overwritten
# fails: locally_connected_matrix-edges
# says: your function modified its input
def locally_connected_matrix(Theta, m):
    h = (m - 1) // 2
    for i in range(Theta.shape[0]):
        for j in range(Theta.shape[1]):
            if abs(i - j) > h:
                Theta[i, j] = 0
    return Theta


# %% wrong: without abs, so that only the upper right is cut
# fails: locally_connected_matrix-slide locally_connected_matrix-edges
# says: compare the absolute value
def locally_connected_matrix(Theta, m):
    h = (m - 1) // 2
    i, j = np.indices(Theta.shape)
    return np.where(j - i <= h, Theta, 0)


# %% wrong: index -1 wraps round to the other end of the row
# fails: locally_connected_matrix-slide
# says: index -1 is the last column
def locally_connected_matrix(Theta, m):
    n, h = len(Theta), (m - 1) // 2
    L = np.zeros_like(Theta)
    for i in range(n):
        for k in range(-h, h + 1):
            if i + k < n:
                L[i, i + k] = Theta[i, i + k]
    return L


# %% wrong: five rows written into the code
# fails: locally_connected_matrix-slide locally_connected_matrix-edges
# says: out of bounds
def locally_connected_matrix(Theta, m):
    L = np.zeros((5, 5))
    for i in range(5):
        for j in range(5):
            if abs(i - j) <= (m - 1) // 2:
                L[i, j] = Theta[i, j]
    return L


# %% wrong: only the widths of the examples
# fails: locally_connected_matrix-slide
def locally_connected_matrix(Theta, m):
    if m == 1:
        return np.diag(np.diag(Theta))
    if m == 3:
        return np.triu(np.tril(Theta, 1), -1)
    return Theta.copy()


# %% wrong: an array of integers for the result
# fails: locally_connected_matrix-slide locally_connected_matrix-edges
# says: cut to whole numbers
def locally_connected_matrix(Theta, m):
    n = Theta.shape[0]
    L = np.full((n, n), 0)
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= (m - 1) // 2:
                L[i, j] = Theta[i, j]
    return L
