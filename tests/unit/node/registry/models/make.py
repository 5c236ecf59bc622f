"""Made the models beside it. It runs in an environment with scikit-learn and h5py, for each release anew.

    pip install scikit-learn==1.3.2 numpy==1.24.4 h5py==3.8.0
    python make.py 1.3.2 .

The releases were 1.3.2 as above, 1.6.1 with numpy 1.26.4 and h5py 3.12.1, and 1.8.0 with numpy 2.4.6 and h5py 3.16.0.
"""

import pickle
import sys
from pathlib import Path

import h5py  # type: ignore[import-not-found]
import numpy as np  # type: ignore[import-not-found]
from sklearn.preprocessing import LabelEncoder  # type: ignore[import-not-found]
from sklearn.svm import SVC  # type: ignore[import-not-found]

NAMES = ["ann", "ben", "zo\u00eb"]
EACH = 2  # vectors of a name: the files stay small


def main(release: str, folder: Path) -> None:
    random = np.random.default_rng(16)
    vectors = random.normal(size=(len(NAMES) * EACH, 128)).astype("float32")
    for protocol in (2, 3, 4, 5):
        model = trained(vectors, NAMES, SVC(C=1.0, kernel="linear", probability=True))
        (folder / f"{release}-{protocol}.pickle").write_bytes(pickle.dumps(model, protocol))
    others = {
        "objects": (np.array(NAMES, dtype=object), SVC(kernel="rbf", class_weight="balanced", probability=True)),
        "words": (np.array(NAMES), SVC(kernel="poly", degree=2, gamma=0.01, class_weight={0: np.float64(2)})),
        "seeded": (NAMES, SVC(kernel="sigmoid", random_state=16, max_iter=5, decision_function_shape="ovo")),
    }
    for label, (names, svm) in others.items():
        model = trained(np.asfortranarray(vectors, dtype="float64"), names, svm)
        (folder / f"{release}-{label}.pickle").write_bytes(pickle.dumps(model))
    with h5py.File(folder / f"{release}.hdf5", "w") as file:
        for at, name in enumerate(NAMES):
            file.create_dataset(name, data=vectors[at * EACH])
            file[name].attrs["threshold"] = 0.5 + at / 10
    with h5py.File(folder / f"{release}-links.hdf5", "w") as file:
        for at, name in enumerate(NAMES):
            file[name] = vectors[at * EACH]
            file[name].attrs["threshold"] = 0.5 + at / 10


def trained(vectors: "np.ndarray", names: "np.ndarray", svm: SVC) -> "dict[str, object]":
    encoder = LabelEncoder()
    labels = encoder.fit_transform([names[at // EACH] for at in range(len(vectors))])
    if not isinstance(names, list):
        encoder.fit(names)
    svm.fit(vectors, labels)
    return {"svm": svm, "labels": encoder}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
