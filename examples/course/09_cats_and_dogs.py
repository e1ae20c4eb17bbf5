"""Lesson 9 of the course, cats and dogs: `python examples/course/09_cats_and_dogs.py --lang pt`."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 9. Cats and dogs
#
# Here are 1,600 silhouettes, 800 of cats and 800 of dogs, made from photographs of real animals. Each has 28 × 28
# pixels. Cat = 1, dog = 0, as agreed in lesson 4.
# %% [markdown] lang="pt"
# # 9. Gatos e cachorros
#
# Aqui estão 1.600 silhuetas, 800 de gatos e 800 de cachorros, feitas a partir de fotografias de animais de verdade.
# Cada uma tem 28 × 28 pixels. Gato = 1, cachorro = 0, como combinamos na aula 4.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg

pets = tg.datasets.cats_and_dogs()
names = (say("dog", "cachorro"), say("cat", "gato"))


def show_pictures(pictures, titles, name):
    _, grid = plt.subplots(2, 8, figsize=(10, 3), layout="constrained")
    for axes, picture, title in zip(grid.flat, pictures, titles):
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(title, fontsize=9)
        axes.axis("off")
    show(plt, name)


some = np.random.default_rng(0).choice(1600, 16, replace=False)
show_pictures(pets.x[some], [names[label] for label in pets.y[some]], "pets")

# %% [markdown] lang="en"
# Would you always have known? Some are hard even for us.
#
# ## Keep some aside
#
# We learned it in the last lesson: a network must be judged by what it has not seen. So we divide the pictures *before*
# anything else. Four fifths are for **training**, one fifth is put into a drawer for **validation**. (Some pictures
# occur twice in this collection. `split` keeps both copies on the same side; otherwise the network would be asked what
# it already knows.)
#
# And we prepare the inputs: each picture becomes a row of 784 numbers, and brightnesses from 0 to 255 become numbers
# from 0 to 1. Networks like small numbers.
# %% [markdown] lang="pt"
# Você teria acertado todas? Algumas são difíceis até para nós.
#
# ## Guardar uma parte
#
# Aprendemos na última aula: uma rede deve ser julgada pelo que não viu. Por isso dividimos as imagens *antes* de
# qualquer outra coisa. Quatro quintos são para o **treino**, um quinto vai para a gaveta, para a **validação**.
# (Algumas imagens aparecem duas vezes nesta coleção. `split` deixa as duas cópias do mesmo lado; do contrário,
# perguntaríamos à rede o que ela já sabe.)
#
# E preparamos as entradas: cada imagem vira uma linha de 784 números, e os brilhos de 0 a 255 viram números de 0 a 1.
# As redes gostam de números pequenos.

# %%
training, held_out = pets.split(validation=0.2, seed=0)
x, y = training.x.reshape(-1, 784) / 255, training.y.reshape(-1, 1)
x_new, y_new = held_out.x.reshape(-1, 784) / 255, held_out.y.reshape(-1, 1)
print(x.shape, y.shape, x_new.shape, y_new.shape)

# %% [markdown] lang="en"
# ## The network
#
# 784 inputs, one for each pixel; one hidden layer of 64 neurons; one output. A sum above 0 means *cat*, below 0 *dog*.
# The loss is the cross-entropy for yes or no, which computes the sigmoid itself (`bce_with_logits`).
#
# Each step looks at 32 pictures only, a **batch**. The gradient of 32 is not as exact as that of all 1,280, but it
# costs forty times less, so in the same time we can take forty times as many steps.
# %% [markdown] lang="pt"
# ## A rede
#
# 784 entradas, uma para cada pixel; uma camada oculta de 64 neurônios; uma saída. Soma acima de 0 quer dizer *gato*,
# abaixo de 0, *cachorro*. A perda é a entropia cruzada para sim ou não, que calcula ela mesma a sigmoide
# (`bce_with_logits`).
#
# Cada passo olha só para 32 imagens, um **lote**. O gradiente de 32 não é tão exato quanto o de todas as 1.280, mas
# custa quarenta vezes menos, e assim, no mesmo tempo, podemos dar quarenta vezes mais passos.

# %%
model = tg.nn.MLP(784, [64, 1], activation="relu", seed=0, dtype=np.float32)
print(model.summary())

settings = {"loss": "bce_with_logits", "lr": 0.001, "epochs": few(30, quick=4), "batch_size": 32, "verbose": 0}
history = tg.fit(model, x, y, validation_data=(x_new, y_new), **settings)
print(history)
show(history.plot(), "training")

# %% [markdown] lang="en"
# Read the curves (*training* is what it learns from, *validation* what lay in the drawer). At first both losses fall.
# Then the blue one goes on falling, but the orange one does not any more: from there on the network learns by heart.
#
# ## More pictures for nothing
#
# Against learning by heart there is a simple remedy: more pictures. Where from? A cat that looks to the left is still a
# cat when it looks to the right! So we mirror every second picture, by the toss of a coin and anew in each epoch.
# %% [markdown] lang="pt"
# Leia as curvas (*training* é o que ela usa para aprender, *validation* é o que estava na gaveta). No começo as duas
# perdas caem. Depois a azul continua caindo, mas a laranja não mais: dali em diante a rede está decorando.
#
# ## Mais imagens de graça
#
# Contra a decoreba há um remédio simples: mais imagens. De onde? Um gato que olha para a esquerda continua gato quando
# olha para a direita! Então espelhamos metade das imagens, no cara ou coroa e de novo em cada época.


# %%
def mirrored(rows, rng):
    pictures = rows.reshape(-1, 28, 28).copy()
    turned = rng.random(len(pictures)) < 0.5
    pictures[turned] = pictures[turned][:, :, ::-1]
    return pictures.reshape(-1, 784)


model = tg.nn.MLP(784, [64, 1], activation="relu", seed=0, dtype=np.float32)
better = tg.fit(model, x, y, validation_data=(x_new, y_new), augment=mirrored, **settings)
print(say("before:  ", "antes:   "), f"{min(history.val_loss):.3f}  {history.val_accuracy[-1]:.1%}")
print(say("mirrored:", "espelho: "), f"{min(better.val_loss):.3f}  {better.val_accuracy[-1]:.1%}")
assert better.val_accuracy[-1] > few(0.9, quick=0.8)

# %% [markdown] lang="en"
# More than nine out of ten, of animals that it has never seen. It took a few seconds.
#
# ## Where does it go wrong?
#
# Never look at the accuracy alone. Look at the mistakes. Here are those in which the network was surest of itself, each
# with what the network said.
# %% [markdown] lang="pt"
# Mais de nove em cada dez, de animais que ela nunca viu. Levou poucos segundos.
#
# ## Onde ela erra?
#
# Nunca olhe só para a acurácia. Olhe para os erros. Aqui estão aqueles em que a rede tinha mais certeza, cada um com o
# que ela disse.

# %%
logits = tg.predict(model, x_new).ravel()
p_cat = 1 / (1 + np.exp(-logits))
said = (logits > 0).astype(int)
wrong = np.flatnonzero(said != held_out.y)
wrong = wrong[np.argsort(-np.abs(logits[wrong]))][:16]

titles = [f"{names[said[i]]} {max(p_cat[i], 1 - p_cat[i]):.0%}" for i in wrong]
show_pictures(held_out.x[wrong], titles, "mistakes")

# %% [markdown] lang="en"
# Some of these mistakes you can forgive. And what does the network look at? The weights of a hidden neuron are 784
# numbers, one for each pixel, so they are a picture, too. In the drawing every hidden neuron shows it: orange is where
# it wants to see animal, blue where it does not. To our eyes it looks like noise, mostly. Nobody asked the network to
# be easy to understand, only to be right.
# %% [markdown] lang="pt"
# Alguns desses erros dá para perdoar. E para onde a rede olha? Os pesos de um neurônio oculto são 784 números, um para
# cada pixel, portanto são também uma imagem. No desenho cada neurônio oculto a mostra: em laranja, onde ele quer ver
# animal; em azul, onde não quer. Para os nossos olhos parece quase só ruído. Ninguém pediu à rede que fosse fácil de
# entender, só que acertasse.

# %%
cat = x_new[np.flatnonzero((held_out.y == 1) & (said == 1))[0]]
show(tg.draw(model, inputs=cat, image_shape=(28, 28), labels=names), "network")

# %% [markdown] lang="en"
# **A question for you.** Before training, what was the accuracy? And the loss? You can know both without computing
# anything.
#
# Guessing between two animals is right half of the time, and costs -log(1/2) = 0.69.
# %% [markdown] lang="pt"
# **Uma pergunta para você.** Antes do treino, qual era a acurácia? E a perda? Dá para saber as duas sem calcular nada.
#
# Quem chuta entre dois animais acerta metade das vezes e paga -log(1/2) = 0,69.

# %%
fresh = tg.nn.MLP(784, [64, 1], activation="relu", seed=0)
figures = tg.evaluate(fresh, x_new, y_new, loss="bce_with_logits")
print(figures)
assert abs(figures["loss"] - np.log(2)) < 0.3
assert 0.3 < figures["accuracy"] < 0.7

# %% [markdown] lang="en"
# ## What we know now
#
# - First put aside the data for **validation**, then train.
# - A **batch** is a few examples for each step, an **epoch** is once through all of them.
# - When the validation loss no longer falls, the network is only learning by heart; more, varied data help.
#
# (The library's own example, `examples/cats_and_dogs.py`, takes a little more time and reaches 95 % and more.)
#
# **Next:** ten kinds instead of two. We read handwriting.
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - Primeiro se separam os dados de **validação**, depois se treina.
# - Um **lote** são alguns exemplos para cada passo, uma **época** é uma volta por todos eles.
# - Quando a perda na validação para de cair, a rede está só decorando; dados a mais, e variados, ajudam.
#
# (O exemplo da própria biblioteca, `examples/cats_and_dogs.py`, leva um pouco mais de tempo e passa dos 95 %.)
#
# **Na próxima aula:** dez tipos em vez de dois. Vamos ler letra de mão.
