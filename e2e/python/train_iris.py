"""Trains a classifier of scikit-learn's own Iris data and writes it to a file: python train_iris.py FILE"""

import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

flowers, kinds = load_iris(return_X_y=True)
joblib.dump(LogisticRegression(max_iter=1000).fit(flowers, kinds), sys.argv[1])
