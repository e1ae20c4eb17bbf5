"""Lesson 4 of the course, loss: `python examples/course/04_how_wrong_is_it.py --lang pt`; README.md says more."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 4. How wrong is it?
#
# We show a network three pictures: a cat, a dog, a cat. We have agreed on a code: **cat = 1, dog = 0**. So the right
# answers are 1, 0, 1. The network answers with probabilities for *cat*: 0.9, 0.2 and 0.6. Not bad! But *how* good is
# it? We want one single number, and it shall be the smaller the better. This number is called the **loss**.
#
# The obvious idea: take the differences, square them so that they are all positive, and take the mean. This is the
# **mean squared error**, MSE for short.
# %% [markdown] lang="pt"
# # 4. Quanto ela errou?
#
# Mostramos três imagens a uma rede: um gato, um cachorro, um gato. Combinamos um código: **gato = 1, cachorro = 0**.
# Então as respostas certas são 1, 0, 1. A rede responde com probabilidades de ser *gato*: 0,9, 0,2 e 0,6. Nada mau! Mas
# *quão* bom é isso? Queremos um único número, e quanto menor, melhor. Esse número se chama **perda** (em inglês,
# *loss*).
#
# A ideia mais óbvia: tirar as diferenças, elevá-las ao quadrado, para que sejam todas positivas, e fazer a média. Este
# é o **erro quadrático médio**, em inglês *mean squared error*, ou MSE.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg

right = np.array([1, 0, 1])
answers = np.array([0.9, 0.2, 0.6])

squares = (answers - right) ** 2
print(squares.round(2), squares.mean().round(4))

loss = tg.nn.mse(answers, right)
print(loss)
assert np.isclose(loss.item(), 0.07)

# %% [markdown] lang="en"
# The third answer, 0.6, was on the right side and still costs the most: it was the least sure. Good. The loss does not
# only ask *right or wrong?* but *how far away?* And it is a smooth number. If an answer gets a tiny bit better, the
# loss gets a tiny bit smaller. Remember this, we shall need it.
#
# ## Sure and wrong
#
# The MSE is a mild teacher. The worst that a network can do is to say *surely a dog* in front of a cat, and that costs
# just 1, no more. There is a stricter teacher. It asks: *which probability did you give to the right answer?* and takes
# the negative logarithm of that. Whoever was sure and right pays nothing. Whoever was sure and wrong pays dearly.
# %% [markdown] lang="pt"
# A terceira resposta, 0,6, estava do lado certo e mesmo assim é a que mais custa: foi a menos segura. Ótimo. A perda
# não pergunta só *certo ou errado?*, mas *a que distância?* E é um número que varia suavemente. Se uma resposta melhora
# um tiquinho, a perda diminui um tiquinho. Guarde isso, vamos precisar.
#
# ## Com certeza, e errada
#
# O MSE é um professor bonzinho. O pior que uma rede pode fazer é dizer *com certeza um cachorro* diante de um gato, e
# isso custa 1. Existe um professor mais severo. Ele pergunta: *que probabilidade você deu à resposta certa?* e toma o
# logaritmo disso, com o sinal trocado. Quem tinha certeza e acertou não paga nada. Quem tinha certeza e errou paga
# caro.

# %%
print(say("p of the right one  square   -log", "     p da certa  quadrado    -log"))
for p in (0.99, 0.9, 0.5, 0.1, 0.01):
    print(f"{p:15} {(1 - p) ** 2:9.4f} {-np.log(p):7.4f}")

assert np.isclose(-np.log(0.5), 0.6931, atol=1e-4)

# %%
p = np.linspace(0.005, 1, 300)
plt.plot(p, (1 - p) ** 2, color="#1f6fb4", label=say("squared error", "erro quadrático"))
plt.plot(p, -np.log(p), color="#d9632b", label=say("cross-entropy, -log p", "entropia cruzada, -log p"))
plt.xlabel(say("probability given to the right answer", "probabilidade dada à resposta certa"))
plt.ylabel(say("loss", "perda"))
plt.legend()
show(plt, "losses")

# %% [markdown] lang="en"
# Towards the left, where the network is wrong and sure of it, the orange curve shoots up and gets ever steeper. It
# pulls hard where it matters. This loss is called the **cross-entropy**, and it is what networks that tell things apart
# are trained with.
#
# ## From a sum to a probability
#
# Where does the probability come from? The output neuron gives a sum, any number `z`. The sigmoid from lesson 1 turns
# it into a probability: 0 becomes one half, large sums come close to 1, very negative ones close to 0. The sum before
# the sigmoid is called the **logit**. The library computes sigmoid and loss in one go from the logits, which is safer:
# even a logit of 1000 gives no trouble.
# %% [markdown] lang="pt"
# À esquerda, onde a rede está errada e cheia de certeza, a curva laranja dispara e fica cada vez mais íngreme. Ela puxa
# com força onde é preciso. Esta perda se chama **entropia cruzada** (*cross-entropy*), e é com ela que se treinam as
# redes que distinguem coisas.
#
# ## De uma soma a uma probabilidade
#
# De onde vem a probabilidade? O neurônio de saída dá uma soma, um número `z` qualquer. A sigmoide da aula 1 o
# transforma em probabilidade: 0 vira meio, somas grandes chegam perto de 1, e as bem negativas, perto de 0. A soma
# antes da sigmoide se chama **logit**. A biblioteca calcula a sigmoide e a perda de uma vez só, a partir dos logits, o
# que é mais seguro: nem um logit de 1000 causa problema.

# %%
logits = np.array([2.2, -1.4, 0.4])
p_cat = 1 / (1 + np.exp(-logits))
p_right = np.where(right == 1, p_cat, 1 - p_cat)
print(p_cat.round(2), p_right.round(2))

by_hand = -np.log(p_right).mean()
loss = tg.nn.bce_with_logits(logits, right)
print(by_hand.round(6), loss)
assert np.isclose(by_hand, loss.item())
assert tg.nn.bce_with_logits([1000.0], [0.0]).item() == 1000

# %% [markdown] lang="en"
# ## More than two animals
#
# With three kinds of animals the network has three outputs, one score for each. The **softmax** turns scores into
# probabilities: raise e to each score, so that all are positive, and divide by their sum, so that together they make 1.
# The loss is again -log of what the right one got.
# %% [markdown] lang="pt"
# ## Mais de dois animais
#
# Com três espécies de animais, a rede tem três saídas, uma pontuação para cada uma. A **softmax** transforma pontuações
# em probabilidades: eleva o número e a cada pontuação, para que todas sejam positivas, e divide pela soma, para que
# juntas deem 1. A perda é de novo -log do que coube à resposta certa.

# %%
names = [say("dog", "cachorro"), say("cat", "gato"), say("bird", "pássaro")]
scores = np.array([0.5, 2.0, -1.0])

shares = np.exp(scores) / np.exp(scores).sum()
for name, share in zip(names, shares):
    print(f"{name:8} {share:.3f}")

it_is = 1
print(-np.log(shares[it_is]), tg.nn.cross_entropy([scores], [it_is]))
assert np.isclose(shares.sum(), 1)
assert np.isclose(-np.log(shares[it_is]), tg.nn.cross_entropy([scores], [it_is]).item())

# %% [markdown] lang="en"
# ## What does a network pay that knows nothing?
#
# A useful habit: ask what pure guessing costs. Who has two animals to choose from and gives one half to each pays
# -log(1/2) = 0.69. With ten digits it is -log(1/10) = 2.30. A fresh network should start near there. If yours starts at
# 20, something is wrong before the training has even begun.
#
# The little network from the last lesson has not learned anything. Let us give it 200 rows of noise, and labels by the
# toss of a coin.
# %% [markdown] lang="pt"
# ## Quanto paga uma rede que não sabe nada?
#
# Um bom hábito: pergunte quanto custa o puro chute. Quem tem dois animais para escolher e dá metade a cada um paga
# -log(1/2) = 0,69. Com dez dígitos, são -log(1/10) = 2,30. Uma rede recém-criada deve começar perto disso. Se a sua
# começa em 20, há algo errado antes mesmo de o treino começar.
#
# A pequena rede da última aula ainda não aprendeu nada. Vamos dar a ela 200 linhas de ruído, e respostas tiradas no
# cara ou coroa.

# %%
rng = np.random.default_rng(0)
model = tg.nn.MLP(10, [8, 8, 8, 2], seed=0)
noise, coins = rng.normal(size=(200, 10)), rng.integers(0, 2, 200)

loss = tg.nn.cross_entropy(model(noise), coins)
print(say("the network:", "a rede:"), loss.item(), say(" guessing:", " no chute:"), np.log(2))
assert 0.5 < loss.item() < 1.2

# %% [markdown] lang="en"
# **A question for you.** A network always says *0.5 cat*, whatever it is shown. Half of the pictures are cats. What is
# its loss, and how often is it right?
#
# Each picture costs -log 0.5 = 0.693, whether cat or dog. Right it is half of the time at best. Notice that these are
# two different things: the **loss** is what the network learns from, the **accuracy**, the share of right answers, is
# what we tell our friends. A network may get surer and surer, its loss falling and falling, without a single answer
# changing.
# %% [markdown] lang="pt"
# **Uma pergunta para você.** Uma rede diz sempre *0,5 gato*, não importa o que se mostre a ela. Metade das imagens são
# gatos. Qual é a sua perda, e quantas vezes ela acerta?
#
# Cada imagem custa -log 0,5 = 0,693, seja gato ou cachorro. Acertar, ela acerta no máximo metade. Repare que são duas
# coisas diferentes: a **perda** é aquilo com que a rede aprende; a **acurácia**, a fração de respostas certas, é o que
# contamos aos amigos. Uma rede pode ficar cada vez mais segura, com a perda caindo e caindo, sem que uma única resposta
# mude.

# %%
loss = tg.nn.bce_with_logits(np.zeros(100), np.arange(100) % 2)
print(loss)
assert np.isclose(loss.item(), -np.log(0.5))

# %% [markdown] lang="en"
# ## What we know now
#
# - The **loss** is one number that says how wrong the network is: 0 would be perfect.
# - **MSE** for quantities, **cross-entropy** for yes or no and for this or that.
# - The loss is smooth: a little better costs a little less.
#
# **Next:** the loss depends on all 250 parameters. Which way should each of them be turned? That is what derivatives
# tell.
# %% [markdown] lang="pt"
# ## O que já sabemos
#
# - A **perda** é um número que diz o quanto a rede errou: 0 seria perfeito.
# - **MSE** para quantidades, **entropia cruzada** para sim ou não e para isto ou aquilo.
# - A perda varia suavemente: um pouco melhor custa um pouco menos.
#
# **Na próxima aula:** a perda depende de todos os 250 parâmetros. Para que lado se deve girar cada um deles? É isso que
# as derivadas dizem.
