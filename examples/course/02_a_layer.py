"""Lesson 2 of the course, a layer: `python examples/course/02_a_layer.py --lang pt`; README.md says more."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 2. A layer
#
# One neuron asks one question of its inputs. If we want to ask three questions, we take three neurons and let all of
# them look at the same inputs. Neurons side by side: that is a **layer**.
#
# Our camera is a tiny one today. Its pictures have only 2 × 2 pixels, and we write their brightnesses in a row: top
# left, top right, bottom left, bottom right. Here is a picture whose upper half is bright.
# %% [markdown] lang="pt"
# # 2. Uma camada
#
# Um neurônio faz uma só pergunta sobre as suas entradas. Se queremos fazer três perguntas, pegamos três neurônios e
# deixamos todos olhar para as mesmas entradas. Neurônios lado a lado: isto é uma **camada**.
#
# A nossa câmera de hoje é minúscula. As imagens têm só 2 × 2 pixels, e escrevemos os brilhos em uma linha: em cima à
# esquerda, em cima à direita, embaixo à esquerda, embaixo à direita. Esta é uma imagem com a metade de cima clara.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg

picture = [0.9, 0.8, 0.1, 0.0]

# %% [markdown] lang="en"
# The first neuron shall find a bright upper half: it likes the upper pixels, weight 1, and dislikes the lower ones,
# weight -1. The second looks for a bright left half, the third for a diagonal. Each has a bias of -0.5, so that it does
# not fire for every trifle.
#
# As its activation function we take the one that most networks use today: the **relu**. It is as simple as can be. A
# negative sum becomes 0, the neuron stays silent; a positive sum is passed on as it is.
# %% [markdown] lang="pt"
# O primeiro neurônio deve encontrar uma metade de cima clara: ele gosta dos pixels de cima, peso 1, e não gosta dos de
# baixo, peso -1. O segundo procura uma metade esquerda clara; o terceiro, uma diagonal. Cada um tem um viés de -0,5,
# para não disparar por qualquer coisinha.
#
# Como função de ativação usamos a que a maioria das redes usa hoje: a **relu**. Não há nada mais simples. Uma soma
# negativa vira 0, e o neurônio fica calado; uma soma positiva passa adiante como está.

# %%
upper = [1, 1, -1, -1]
left = [1, -1, 1, -1]
diagonal = [1, -1, -1, 1]
biases = [-0.5, -0.5, -0.5]

outputs = []
for weights, bias in zip([upper, left, diagonal], biases):
    total = sum(x * w for x, w in zip(picture, weights)) + bias
    outputs.append(max(0, total))

print(np.round(outputs, 2))
assert outputs[0] > 1
assert outputs[1:] == [0, 0]

# %% [markdown] lang="en"
# The first neuron fires, the other two are silent. The layer has understood: the upper half is bright.
#
# ## Side by side in a table
#
# Loops are slow and long to write. So we put the weights into a table, a *matrix*: **one column for each neuron, one
# row for each input**. Then `picture @ weights` does all the multiplying and adding in one go. The sign `@` is NumPy's
# matrix product.
# %% [markdown] lang="pt"
# O primeiro neurônio dispara, os outros dois ficam calados. A camada entendeu: a metade de cima está clara.
#
# ## Lado a lado em uma tabela
#
# Laços são lentos e dão trabalho para escrever. Por isso pomos os pesos em uma tabela, uma *matriz*: **uma coluna para
# cada neurônio, uma linha para cada entrada**. Então `picture @ weights` faz todas as multiplicações e somas de uma
# vez. O sinal `@` é o produto de matrizes do NumPy.

# %%
weights = np.array([upper, left, diagonal]).T
print(weights)
print(say("shape:", "formato:"), weights.shape)


def layer(x):
    return np.maximum(0, x @ weights + biases)


print(layer(picture).round(2))
assert np.allclose(layer(picture), outputs)

# %% [markdown] lang="en"
# The library's layer does just that. Its weights have the shape `(inputs, neurons)`, its biases `(neurons,)`, and you
# can still look at each neuron: neuron `j` is column `j`.
# %% [markdown] lang="pt"
# A camada da biblioteca faz exatamente isso. O formato dos pesos (em inglês, *shape*) é `(entradas, neurônios)`, o dos
# vieses é `(neurônios,)`, e ainda dá para olhar cada neurônio: o neurônio `j` é a coluna `j`.

# %%
ready = tg.nn.Layer(4, 3, activation="relu")
ready.weights.data = weights
ready.biases.data = biases

print(ready(picture).data.round(2))
print(ready.neurons[1].weights.data)
assert np.allclose(ready(picture).data, outputs)

# %% [markdown] lang="en"
# When we draw it, each neuron shows its weights as a little picture: orange is what it likes, blue what it does not.
# %% [markdown] lang="pt"
# No desenho, cada neurônio mostra os seus pesos como uma pequena imagem: em laranja o que ele gosta de ver, em azul o
# que não.

# %%
show(tg.draw(ready, inputs=np.array(picture).reshape(2, 2)), "layer")

# %% [markdown] lang="en"
# ## Many pictures at once
#
# A network learns from thousands of pictures. Showing them one by one would take long, so we hand over a whole stack of
# them: a **batch**. Each picture is a row. And now comes the beautiful part: *our function does not change at all.* The
# same `x @ weights + biases` takes five rows and gives back five rows.
# %% [markdown] lang="pt"
# ## Muitas imagens de uma vez
#
# Uma rede aprende com milhares de imagens. Mostrá-las uma a uma demoraria, então entregamos uma pilha inteira: um
# **lote** (em inglês, *batch*). Cada imagem é uma linha. E agora vem a parte bonita: *a nossa função não muda em nada.*
# O mesmo `x @ weights + biases` recebe cinco linhas e devolve cinco linhas.

# %%
batch = np.array(
    [
        [0.9, 0.8, 0.1, 0.0],
        [1.0, 0.0, 1.0, 0.0],
        [0.9, 0.1, 0.0, 1.0],
        [0.6, 0.4, 0.5, 0.5],
        [1.0, 1.0, 1.0, 1.0],
    ]
)
answers = layer(batch)
print(batch.shape, "@", weights.shape, "->", answers.shape)
for row, one in zip(answers, batch):
    assert np.allclose(row, layer(one))

# %% [markdown] lang="en"
# Read the shapes aloud: five pictures of four pixels, times four inputs for three neurons, gives five rows of three
# answers. The four in the middle must fit, and it disappears. Most mistakes in this trade are shapes that do not fit.
# Get used to reading them.
#
# Above are the five pictures, below what the three neurons say of each.
# %% [markdown] lang="pt"
# Leia os formatos em voz alta: cinco imagens de quatro pixels, vezes quatro entradas para três neurônios, dá cinco
# linhas de três respostas. O quatro do meio tem de combinar, e some. A maioria dos erros neste ofício são formatos que
# não combinam. Acostume-se a lê-los.
#
# Em cima estão as cinco imagens; embaixo, o que os três neurônios dizem de cada uma.

# %%
names = [say("upper", "cima"), say("left", "esquerda"), say("diagonal", "diagonal")]
_, axes = plt.subplots(2, 5, figsize=(9, 3.4), layout="constrained")
for column, (one, answer) in enumerate(zip(batch, answers)):
    axes[0, column].imshow(one.reshape(2, 2), cmap="gray", vmin=0, vmax=1)
    axes[0, column].set(xticks=[], yticks=[])
    axes[1, column].bar(names, answer, color=["#1f6fb4", "#d9632b", "#2e9e5b"])
    axes[1, column].set_ylim(0, 1.6)
    axes[1, column].tick_params(labelsize=8)
    axes[1, column].tick_params(axis="x", rotation=30)
show(plt, "batch")

# %% [markdown] lang="en"
# The fourth picture is nearly grey and the fifth is all white: no neuron finds what it looks for, all stay silent.
#
# **A question for you.** A batch of 32 pictures with 28 × 28 pixels goes into a layer of 10 neurons. Which shapes do
# the weights, the biases and the answers have? And how many numbers can be adjusted?
# %% [markdown] lang="pt"
# A quarta imagem é quase toda cinza, e a quinta é toda branca: nenhum neurônio encontra o que procura, e todos ficam
# calados.
#
# **Uma pergunta para você.** Um lote de 32 imagens de 28 × 28 pixels entra em uma camada de 10 neurônios. Que formato
# têm os pesos, os vieses e as respostas? E quantos números podem ser ajustados?

# %%
large = tg.nn.Layer(28 * 28, 10)
pictures = np.zeros((32, 28 * 28))
print(large.weights.shape, large.biases.shape, large(pictures).shape)
print(28 * 28 * 10 + 10)
assert large(pictures).shape == (32, 10)
assert large.weights.size + large.biases.size == 7850

# %% [markdown] lang="en"
# ## What we know now
#
# - A **layer** is neurons side by side; all of them see the same inputs.
# - Its weights are a matrix with a column for each neuron, and the whole layer is one line: `relu(x @ weights +
#   biases)`.
# - A **batch** is many examples, one in each row. The line stays the same.
#
# **Next:** the answers of a layer are numbers again. They can be the inputs of another layer. That is a network.
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - Uma **camada** são neurônios lado a lado; todos veem as mesmas entradas.
# - Os pesos formam uma matriz com uma coluna para cada neurônio, e a camada inteira é uma só linha de código: `relu(x @
#   weights + biases)`.
# - Um **lote** são muitos exemplos, um em cada linha. O código continua o mesmo.
#
# **Na próxima aula:** as respostas de uma camada são números outra vez. Podem ser as entradas de outra camada. E isso é
# uma rede.
