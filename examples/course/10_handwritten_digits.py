"""Lesson 10 of the course, digits: `python examples/course/10_handwritten_digits.py --lang pt`."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 10. Handwritten digits
#
# The post office was one of the first to use neural networks: to read postcodes on envelopes. We do the same. 1,797
# digits, written by many hands, in 8 × 8 pixels.
# %% [markdown] lang="pt"
# # 10. Dígitos manuscritos
#
# Os correios estiveram entre os primeiros a usar redes neurais: para ler o CEP nos envelopes. Vamos fazer o mesmo. São
# 1.797 dígitos, escritos por muitas mãos, em 8 × 8 pixels.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg

digits = tg.datasets.digits()
print(digits.x.shape, digits.x.max(), np.bincount(digits.y))

_, grid = plt.subplots(2, 10, figsize=(10, 2.2), layout="constrained")
for place, axes in enumerate(grid.flat):
    axes.imshow(digits.x[place], cmap="gray_r")
    axes.axis("off")
show(plt, "digits")

# %% [markdown] lang="en"
# ## Ten outputs
#
# The plan is the one from the last lesson. One fifth goes into the drawer. The inputs are 64 numbers from 0 to 1. New
# is that there are ten answers, so the network gets **ten outputs**, a score for each digit, and the loss is the
# cross-entropy with softmax from lesson 4. The highest score is what the network reads.
# %% [markdown] lang="pt"
# ## Dez saídas
#
# O plano é o da última aula. Um quinto vai para a gaveta. As entradas são 64 números de 0 a 1. A novidade é que há dez
# respostas, então a rede ganha **dez saídas**, uma pontuação para cada dígito, e a perda é a entropia cruzada com
# softmax da aula 4. A maior pontuação é o que a rede lê.

# %%
training, held_out = digits.split(validation=0.2, seed=0)
x, y = training.x.reshape(-1, 64) / 16, training.y
x_new, y_new = held_out.x.reshape(-1, 64) / 16, held_out.y

model = tg.nn.MLP(64, [64, 10], activation="relu", seed=0, dtype=np.float32)
settings = {"loss": "cross_entropy", "lr": 0.005, "epochs": 20, "verbose": 0}
history = tg.fit(model, x, y, validation_data=(x_new, y_new), **settings)
print(f"{history.accuracy[-1]:.1%}  {history.val_accuracy[-1]:.1%}")
assert history.val_accuracy[-1] > 0.94

# %% [markdown] lang="en"
# In a second, and nearly 97 % of new digits are right. Not bad. But of a hundred letters, three would go astray. We
# want to be better: **at least 98 %**. Three tools help against learning by heart.
#
# **1. Varied data.** Nobody writes a digit in exactly the same place twice. So we move each one a little, by part of a
# pixel, anew in each epoch. How? We mix the picture with one that is moved by a whole pixel: mostly the old one, a
# little of the moved one.
# %% [markdown] lang="pt"
# Em um segundo, e quase 97 % dos dígitos novos certos. Nada mau. Mas, de cada cem cartas, três iriam parar no lugar
# errado. Queremos mais: **pelo menos 98 %**. Três ferramentas ajudam contra a decoreba.
#
# **1. Dados variados.** Ninguém escreve um dígito duas vezes exatamente no mesmo lugar. Então deslocamos cada um só um
# pouco, uma parte de pixel, de novo em cada época. Como? Misturamos a imagem com outra, deslocada um pixel inteiro:
# muito da original, um pouco da deslocada.


# %%
def nudged(rows, rng):
    wide = np.pad(rows.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    places = rng.integers(0, 3, (len(rows), 2))
    moved = [picture[i : i + 8, j : j + 8] for picture, (i, j) in zip(wide, places)]
    share = rng.uniform(0, 0.8, (len(rows), 1))
    return (1 - share) * rows + share * np.reshape(moved, rows.shape)


some = nudged(np.repeat(x[:1], 10, axis=0), np.random.default_rng(0))
_, grid = plt.subplots(1, 10, figsize=(10, 1.2), layout="constrained")
for row, axes in zip(some, grid):
    axes.imshow(row.reshape(8, 8), cmap="gray_r")
    axes.axis("off")
show(plt, "nudged")

# %% [markdown] lang="en"
# Ten times the same zero, and no two alike.
#
# **2. Dropout.** At each step one fifth of the hidden neurons is sent home, chosen by lot. No neuron can rely on its
# neighbour being there, so each must learn something useful of its own. (Only in training; afterwards all are at work.)
#
# **3. A learning rate that falls.** First large steps, to get anywhere at all; in the end tiny ones, to come to rest at
# the very bottom. Ours falls along half a cosine wave.
# %% [markdown] lang="pt"
# Dez vezes o mesmo zero, e nenhum igual ao outro.
#
# **2. Dropout.** A cada passo, um quinto dos neurônios ocultos é mandado para casa, por sorteio. Nenhum neurônio pode
# contar com o vizinho, então cada um tem de aprender algo útil por conta própria. (Só no treino; depois todos
# trabalham.)
#
# **3. Uma taxa de aprendizado que diminui.** Primeiro passos grandes, para chegar a algum lugar; no fim, minúsculos,
# para parar bem no fundo. A nossa desce acompanhando meia onda de cosseno.


# %%
def train(x, y, seed, epochs):
    model = tg.nn.MLP(64, [256, 128, 10], dropout=0.2, seed=seed, dtype=np.float32)
    falling = tg.optim.schedules.cosine(0.003, steps=epochs * len(x) // 32)
    optimizer = tg.optim.Adam(model.parameters(), lr=falling)
    settings = {"loss": "cross_entropy", "epochs": epochs, "seed": seed, "verbose": 0}
    tg.fit(model, x, y, optimizer=optimizer, augment=nudged, **settings)
    return model


model = train(x, y, seed=0, epochs=few(60, quick=4))
read = tg.predict(model, x_new).argmax(axis=1)
print(f"{np.mean(read == y_new):.2%}", np.sum(read == y_new), say("of", "de"), len(y_new))
assert np.mean(read == y_new) >= few(0.98, quick=0.9)

# %% [markdown] lang="en"
# ## Was it luck?
#
# A single number may be luck: perhaps the easy digits were in the drawer. So we do it again with other drawers and
# other first weights, and look at *all* the results. An honest figure is a mean, with its spread.
# %% [markdown] lang="pt"
# ## Foi sorte?
#
# Um número sozinho pode ser sorte: talvez os dígitos fáceis estivessem na gaveta. Então repetimos com outras gavetas e
# outros pesos iniciais e olhamos *todos* os resultados. Um resultado honesto é uma média, com a sua variação.

# %%
results = [np.mean(read == y_new)]
for seed in range(1, few(3, quick=1)):
    one, other = digits.split(validation=0.2, seed=seed)
    again = train(one.x.reshape(-1, 64) / 16, one.y, seed, epochs=few(60, quick=4))
    answers = tg.predict(again, other.x.reshape(-1, 64) / 16).argmax(axis=1)
    results.append(np.mean(answers == other.y))

print([f"{result:.1%}" for result in results], f"{np.mean(results):.2%}")
assert np.mean(results) >= few(0.98, quick=0.9)

# %% [markdown] lang="en"
# ## What does it confuse?
#
# In this table each row is a true digit and each column what the network read. Right answers lie on the diagonal. What
# lies beside it is worth a look.
# %% [markdown] lang="pt"
# ## O que ela confunde?
#
# Nesta tabela, cada linha é o dígito verdadeiro, e cada coluna, o que a rede leu. As respostas certas ficam na
# diagonal. O que está fora dela merece uma olhada.

# %%
show(tg.drawing.confusion_matrix(y_new, read, labels=range(10)), "confusion")

# %%
wrong = np.flatnonzero(read != y_new)[:8]
_, grid = plt.subplots(1, 8, figsize=(9, 1.7), layout="constrained")
for axes in grid:
    axes.axis("off")
for axes, i in zip(grid, wrong):
    axes.imshow(held_out.x[i], cmap="gray_r")
    axes.set_title(say(f"{read[i]}? it is {y_new[i]}", f"{read[i]}? era {y_new[i]}"), fontsize=9)
show(plt, "mistakes")

# %% [markdown] lang="en"
# **A question for you.** What does a fresh network pay that has never seen a digit? You know it from lesson 4. And why
# do we say `predict(...).argmax(axis=1)`?
#
# Ten answers to choose from: -log(1/10) = 2.30. And `predict` gives ten scores for each picture; `argmax` says *which*
# is the highest.
# %% [markdown] lang="pt"
# **Uma pergunta para você.** Quanto paga uma rede nova, que nunca viu um dígito? Você já sabe, da aula 4. E por que
# escrevemos `predict(...).argmax(axis=1)`?
#
# Dez respostas para escolher: -log(1/10) = 2,30. E `predict` dá dez pontuações para cada imagem; `argmax` diz *qual* é
# a maior.

# %%
fresh = tg.nn.MLP(64, [256, 128, 10], activation="relu", seed=0)
loss = tg.evaluate(fresh, x_new, y_new, loss="cross_entropy")["loss"]
print(round(loss, 3), round(np.log(10), 3))
assert abs(loss - np.log(10)) < 0.4

# %% [markdown] lang="en"
# ## What we know now
#
# - For ten kinds, ten outputs, and the highest counts.
# - Against learning by heart: **varied data**, **dropout**, and a **learning rate that falls**.
# - One result is an anecdote. Several, with their mean, are a measurement.
#
# **Next:** so far everything has worked. What if it does not?
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - Para dez tipos, dez saídas, e vale a maior.
# - Contra a decoreba: **dados variados**, **dropout** e uma **taxa de aprendizado que diminui**.
# - Um resultado é um caso contado. Vários, com a sua média, são uma medida.
#
# **Na próxima aula:** até aqui tudo deu certo. E quando não dá?
